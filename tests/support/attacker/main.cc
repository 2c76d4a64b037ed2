#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

#include "support/attacker/attack.h"

namespace attacker {
namespace {

struct Attack {
  const char* name;
  int (*run)(const Arguments&);
};

constexpr Attack kAttacks[] = {
    {"overwrite-exe", overwrite_exe},
    {"reopen-exe", reopen_exe},
    {"grab-exe", grab_exe},
    {"spy", spy},
    {"grab", grab},
    {"swap", swap},
    {"look", look},
    {"foreign-calls", foreign_calls},
    {"type-ahead", type_ahead},
    {"keyrings", keyrings},
    {"write-kernel-files", write_kernel_files},
    {"mount-cgroups", mount_cgroups},
    {"inherit", inherit},
    {"reach-file", reach_file},
    {"reach-sockets", reach_sockets},
    {"reach-port", reach_port},
};

[[gnu::format(printf, 3, 0)]] int report(const char* what, int code, const char* text,
                                         va_list arguments) {
  std::printf("%s: ", what);
  std::vprintf(text, arguments);
  std::printf("\n");
  (void)std::fflush(stdout);
  return code;
}

}  // namespace

int escaped(const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int code = report("escaped", kEscaped, text, arguments);
  va_end(arguments);
  return code;
}

int held(const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int code = report("held", kHeld, text, arguments);
  va_end(arguments);
  return code;
}

int not_tried(const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int code = report("not tried", kNotTried, text, arguments);
  va_end(arguments);
  return code;
}

int cant(const std::string& what) {
  return not_tried("%s: %s", what.c_str(), std::strerror(errno));
}

std::string format(const char* text, ...) {
  char buffer[PATH_MAX];
  va_list arguments;
  va_start(arguments, text);
  (void)std::vsnprintf(buffer, sizeof buffer, text, arguments);
  va_end(arguments);
  return buffer;
}

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text(std::size_t{64} << 10, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  (void)::close(fd);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

std::string link_target(const std::string& path) {
  char buffer[PATH_MAX];
  const ssize_t n = ::readlink(path.c_str(), buffer, sizeof buffer);
  return std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
}

bool is_same_file(const std::string& path, const std::string& other) {
  struct stat a = {};
  struct stat b = {};
  return ::stat(path.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

}  // namespace attacker

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const attacker::Arguments arguments(argv + (argc > 1 ? 2 : 1), argv + argc);
  for (const auto& attack : attacker::kAttacks)
    if (name == attack.name) return attack.run(arguments);
  return attacker::not_tried("no such attack: '%s'", name.c_str());
}
