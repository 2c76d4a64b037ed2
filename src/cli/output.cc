#include "cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "cli/exit_codes.h"
#include "os/file.h"

namespace ambit::cli {

void print(std::string_view text) {
  const Result<void> written = os::write_all(STDOUT_FILENO, text);
  if (written) return;
  if (written.error().sys_errno() == EPIPE) ::_exit(kExitBrokenPipe);
  print_error("writing to standard output: %s", written.error().message().c_str());
  ::_exit(kExitFailure);
}

void print_error(const char* format, ...) {
  char text[4096];
  std::va_list args;
  va_start(args, format);
  (void)std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  // Nobody is left to tell when this fails.
  (void)os::write_all(STDERR_FILENO, "ambit: " + std::string(text) + "\n");
}

void print_error(const Error& error) {
  (void)os::write_all(STDERR_FILENO, "ambit: " + error.message() + "\n");
}

bool stdout_shows_unicode() {
  if (::isatty(STDOUT_FILENO) != 1) return false;
  // The same order as setlocale(3), without loading a locale for it.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string lower = to_lower(value);
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace ambit::cli
