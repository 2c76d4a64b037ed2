#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/strings.h"
#include "engine/host_checks.h"
#include "os/file.h"

namespace ambit::engine {
namespace {

struct Call {
  const char* name;
  long number;
};

// What every start uses, newest last. The numbers are the same on all architectures.
constexpr Call kCalls[] = {
    {"open_tree", SYS_open_tree}, {"move_mount", SYS_move_mount},
    {"fsopen", SYS_fsopen},       {"pidfd_open", SYS_pidfd_open},
    {"clone3", SYS_clone3},       {"close_range", SYS_close_range},
    {"openat2", SYS_openat2},     {"mount_setattr", SYS_mount_setattr},
};

std::string release() {
  utsname name = {};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

// Arguments that none of them accepts tell whether it is there at all.
bool is_there(long number) {
  const long r = ::syscall(number, -1, -1, -1, -1, -1, -1);
  return r >= 0 || errno != ENOSYS;
}

std::string find_program(const std::string& name) {
  for (const char* folder :
       {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"}) {
    const std::string path = std::string(folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

}  // namespace

HostCheck check_kernel(const HostContext&) {
  std::vector<std::string> absent;
  for (const Call& call : kCalls)
    if (!is_there(call.number)) absent.emplace_back(call.name);
  if (absent.empty()) return found("Linux " + release());
  return missing(strf("Linux %s has no %s", release().c_str(), join(absent, ", ").c_str()),
                 "run Linux 5.15 or newer, and allow these calls where a filter forbids them");
}

HostCheck check_seccomp(const HostContext&) {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
    return found("filters can be installed");
  return missing(Error::from_errno(errno, "seccomp").message(),
                 "run a kernel with CONFIG_SECCOMP_FILTER");
}

HostCheck check_tun(const HostContext&) {
  const auto tun = os::open_at(AT_FDCWD, "/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tun) return found("/dev/net/tun opens");
  return warning(tun.error().message() + ": networks with slirp4netns need it",
                 "as root: modprobe tun");
}

HostCheck check_slirp4netns(const HostContext&) {
  const std::string path = find_program("slirp4netns");
  if (!path.empty()) return found(path);
  return warning("not installed: containers have the networks none and host only",
                 "as root: apt install slirp4netns");
}

}  // namespace ambit::engine
