#include "base/log.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace ambit {

void log(LogLevel level, const char* format, ...) noexcept {
  static const bool debug = std::getenv("AMBIT_DEBUG") != nullptr;
  if (level == LogLevel::Debug && !debug) return;
  char line[2048];
  int used = std::snprintf(line, sizeof line, "<%d>", static_cast<int>(level));
  std::va_list args;
  va_start(args, format);
  used +=
      std::vsnprintf(line + used, sizeof line - static_cast<std::size_t>(used) - 1, format, args);
  va_end(args);
  if (used > static_cast<int>(sizeof line) - 2) used = static_cast<int>(sizeof line) - 2;
  line[used] = '\n';
  // One write, so that lines of several processes do not mix; nobody to tell when it fails.
  (void)!::write(STDERR_FILENO, line, static_cast<std::size_t>(used) + 1);
}

}  // namespace ambit
