#include "daemon/command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::daemon {
namespace {

// A command line may be megabytes long; people look at its beginning.
constexpr std::size_t kMaxBytes = 4096;

std::string beginning_of(int dir_fd, const char* file) {
  auto fd = os::open_at(dir_fd, file, O_RDONLY);
  if (!fd) return {};
  std::string text(kMaxBytes, '\0');
  const ssize_t size = ::read((*fd).get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

}  // namespace

std::string command_line_of(pid_t pid) {
  auto dir = os::open_at(AT_FDCWD, strf("/proc/%d", static_cast<int>(pid)), O_PATH | O_DIRECTORY);
  return dir ? command_line_at(dir->get()) : "";
}

std::string command_line_at(int proc_dir_fd) {
  std::string line = beginning_of(proc_dir_fd, "cmdline");
  while (!line.empty() && line.back() == '\0') line.pop_back();
  std::replace(line.begin(), line.end(), '\0', ' ');
  if (!line.empty()) return line;
  const std::string name = beginning_of(proc_dir_fd, "comm");
  return name.empty() ? "" : "[" + std::string(trim(name)) + "]";
}

}  // namespace ambit::daemon
