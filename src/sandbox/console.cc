#include "sandbox/console.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "os/mount.h"
#include "os/path.h"
#include "sandbox/devices.h"

namespace ambit::sandbox {
namespace {

Result<UniqueFd> open_ptmx(int root_fd) {
  UniqueFd ptmx = AMBIT_TRY(
      os::open_in_root(root_fd, "/dev/pts/ptmx", {.flags = O_RDWR | O_NOCTTY | O_NONBLOCK}));
  struct statfs fs = {};
  struct stat st = {};
  if (::fstatfs(ptmx.get(), &fs) < 0 || ::fstat(ptmx.get(), &st) < 0)
    return Error::from_errno(errno, "fstat /dev/pts/ptmx");
  if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
    return Error(ErrorCode::PermissionDenied, "/dev/pts/ptmx is no terminal multiplexer");
  return ptmx;
}

}  // namespace

Result<Console> open_console(int root_fd, const std::optional<spec::ConsoleSize>& size) {
  Console console;
  console.master = AMBIT_TRY(open_ptmx(root_fd).context("terminal"));
  const int unlock = 0;
  if (::ioctl(console.master.get(), TIOCSPTLCK, &unlock) < 0)
    return Error::from_errno(errno, "terminal: TIOCSPTLCK");
  console.slave =
      UniqueFd(::ioctl(console.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!console.slave) return Error::from_errno(errno, "terminal: TIOCGPTPEER");
  if (size) {
    winsize window = {};
    window.ws_row = size->rows;
    window.ws_col = size->columns;
    if (::ioctl(console.master.get(), TIOCSWINSZ, &window) < 0)
      return Error::from_errno(errno, "terminal: TIOCSWINSZ");
  }
  return console;
}

Result<void> bind_console(int dev_fd, const Console& console) {
  return bind_device(dev_fd, "console", console.slave.get()).context("terminal");
}

Result<void> take_console(const Console& console, uid_t owner) {
  if (::fchown(console.slave.get(), owner, static_cast<gid_t>(-1)) < 0)
    return Error::from_errno(errno, "terminal: fchown");
  if (::setsid() < 0 && errno != EPERM) return Error::from_errno(errno, "setsid");
  if (::ioctl(console.slave.get(), TIOCSCTTY, 0) < 0)
    return Error::from_errno(errno, "terminal: TIOCSCTTY");
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::dup2(console.slave.get(), fd) < 0) return Error::from_errno(errno, "terminal: dup2");
  return {};
}

}  // namespace ambit::sandbox
