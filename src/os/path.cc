#include "os/path.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace ambit::os {
namespace {

constexpr int kRaceRetries = 64;

int open_in_root_once(int root_fd, const char* path, const open_how& how) {
  return static_cast<int>(::syscall(SYS_openat2, root_fd, path, &how, sizeof how));
}

// The next folder on the way, made where it is missing. A link is followed inside the root, so
// the walk goes on from the root with the whole prefix.
Result<UniqueFd> enter_or_make(int root_fd, const std::string& prefix, mode_t mode) {
  const OpenHow folder{.flags = O_PATH | O_DIRECTORY};
  auto opened = open_in_root(root_fd, prefix, folder);
  if (opened || opened.error().sys_errno() != ENOENT) return opened;
  const std::size_t slash = prefix.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : prefix.substr(0, slash + 1);
  UniqueFd parent_fd = AMBIT_TRY(open_in_root(root_fd, parent, folder));
  const std::string name = prefix.substr(slash == std::string::npos ? 0 : slash + 1);
  if (::mkdirat(parent_fd.get(), name.c_str(), mode) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir " + prefix);
  return open_in_root(root_fd, prefix, folder);
}

}  // namespace

Result<UniqueFd> open_in_root(int root_fd, const std::string& path, const OpenHow& how) {
  open_how kernel_how = {};
  kernel_how.flags = static_cast<std::uint64_t>(how.flags) | O_CLOEXEC;
  kernel_how.mode = how.mode;
  kernel_how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | how.resolve;
  for (int i = 0;; ++i) {
    UniqueFd fd(open_in_root_once(root_fd, path.c_str(), kernel_how));
    if (fd) return fd;
    const int err = errno;
    if ((err == EAGAIN && i < kRaceRetries) || err == EINTR) continue;
    return Error::from_errno(err, "opening " + path);
  }
}

Result<UniqueFd> make_dirs_in_root(int root_fd, const std::string& path, mode_t mode) {
  UniqueFd current = AMBIT_TRY(open_in_root(root_fd, ".", {.flags = O_PATH | O_DIRECTORY}));
  std::string prefix;
  for (const std::string& name : split(path, '/')) {
    if (name.empty() || name == ".") continue;
    prefix += prefix.empty() ? name : "/" + name;
    current = AMBIT_TRY(enter_or_make(root_fd, prefix, mode));
  }
  return current;
}

std::string fd_path(int fd) { return strf("/proc/self/fd/%d", fd); }

}  // namespace ambit::os
