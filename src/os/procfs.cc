#include "os/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"
#include "os/mount.h"

namespace ambit::os {
namespace {

constexpr ino_t kProcRootInode = 1;  // PROC_ROOT_INO

Result<void> verify(int fd) {
  struct statfs fs = {};
  if (::fstatfs(fd, &fs) < 0) return Error::from_errno(errno, "fstatfs /proc");
  struct stat st = {};
  if (::fstat(fd, &st) < 0) return Error::from_errno(errno, "fstat /proc");
  if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != kProcRootInode)
    return Error(ErrorCode::PermissionDenied, "/proc is not the proc file system");
  return {};
}

}  // namespace

Result<UniqueFd> open_procfs() {
  UniqueFd fd = AMBIT_TRY(open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  AMBIT_TRY(verify(fd.get()));
  return fd;
}

Result<UniqueFd> new_procfs() {
  const FilesystemContext context = AMBIT_TRY(FilesystemContext::open("proc"));
  AMBIT_TRY(context.create());
  UniqueFd fd = AMBIT_TRY(context.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  AMBIT_TRY(verify(fd.get()));
  return fd;
}

Result<UniqueFd> open_in_procfs(int procfs_fd, const std::string& path, int flags) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, procfs_fd, path.c_str(), &how, sizeof how)));
  if (!fd) return Error::from_errno(errno, "opening /proc/" + path);
  return fd;
}

Result<void> write_in_procfs(int procfs_fd, const std::string& path, std::string_view text) {
  UniqueFd fd = AMBIT_TRY(open_in_procfs(procfs_fd, path, O_WRONLY));
  const ssize_t n = ::write(fd.get(), text.data(), text.size());
  if (n < 0) return Error::from_errno(errno, "writing /proc/" + path);
  if (n != static_cast<ssize_t>(text.size()))
    return Error(ErrorCode::Io, "short write to /proc/" + path);
  return {};
}

}  // namespace ambit::os
