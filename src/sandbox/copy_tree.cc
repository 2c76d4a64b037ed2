#include "sandbox/copy_tree.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/path.h"

namespace ambit::sandbox {
namespace {

constexpr int kMaxDepth = 256;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxXattrBytes = 65536;

// An entry of the folder that is copied.
struct Entry {
  int from_fd;
  int to_fd;
  const char* name;
  struct stat st;
};

Error failed(const char* call) { return Error::from_errno(errno, call); }

Result<void> copy_xattrs(int from_fd, int to_fd) {
  const std::string from = os::fd_path(from_fd);
  char names[kMaxXattrBytes];
  const ssize_t length = ::listxattr(from.c_str(), names, sizeof names);
  // A file system without them has none to copy.
  if (length < 0) return errno == ENOTSUP ? Result<void>() : failed("listxattr");
  std::vector<char> value(kMaxXattrBytes);
  for (const char* name = names; name < names + length; name += std::string_view(name).size() + 1) {
    const ssize_t size = ::getxattr(from.c_str(), name, value.data(), value.size());
    if (size < 0) continue;
    // A tmpfs takes no "user." ones before Linux 6.6, and labels are the host's.
    if (::fsetxattr(to_fd, name, value.data(), static_cast<std::size_t>(size), 0) < 0 &&
        errno != ENOTSUP && errno != EPERM)
      return failed("fsetxattr");
  }
  return {};
}

// The mode after the owner, whose change clears set-id bits.
Result<void> copy_attributes(int from_fd, int to_fd, const struct stat& st) {
  if (::fchown(to_fd, st.st_uid, st.st_gid) < 0) return failed("fchown");
  if (::fchmod(to_fd, st.st_mode & 07777U) < 0) return failed("fchmod");
  AMBIT_TRY(copy_xattrs(from_fd, to_fd));
  const timespec times[] = {st.st_atim, st.st_mtim};
  if (::futimens(to_fd, times) < 0) return failed("futimens");
  return {};
}

Result<void> copy_file(const Entry& entry) {
  const UniqueFd from = AMBIT_TRY(
      os::open_at(entry.from_fd, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat st = {};
  if (::fstat(from.get(), &st) < 0) return failed("fstat");
  if (!S_ISREG(st.st_mode)) return Error(ErrorCode::Io, "it changed while it was copied");
  const UniqueFd to = AMBIT_TRY(
      os::open_at(entry.to_fd, entry.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  for (;;) {
    const ssize_t sent = ::sendfile(to.get(), from.get(), nullptr, kChunkBytes);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return failed("sendfile");
    if (sent == 0) break;
  }
  return copy_attributes(from.get(), to.get(), st);
}

Result<void> copy_link(const Entry& entry) {
  const std::string target = AMBIT_TRY(os::read_link_at(entry.from_fd, entry.name));
  if (::symlinkat(target.c_str(), entry.to_fd, entry.name) < 0) return failed("symlinkat");
  if (::fchownat(entry.to_fd, entry.name, entry.st.st_uid, entry.st.st_gid, AT_SYMLINK_NOFOLLOW) <
      0)
    return failed("fchownat");
  return {};
}

Result<void> copy_node(const Entry& entry) {
  if (::mknodat(entry.to_fd, entry.name, entry.st.st_mode, entry.st.st_rdev) < 0)
    return errno == EPERM ? Result<void>() : failed("mknodat");
  if (::fchownat(entry.to_fd, entry.name, entry.st.st_uid, entry.st.st_gid, AT_SYMLINK_NOFOLLOW) <
      0)
    return failed("fchownat");
  return {};
}

Result<void> copy_folder(int from_fd, int to_fd, int depth);

Result<void> copy_subfolder(const Entry& entry, int depth) {
  const UniqueFd from =
      AMBIT_TRY(os::open_at(entry.from_fd, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (::mkdirat(entry.to_fd, entry.name, 0700) < 0) return failed("mkdirat");
  const UniqueFd to =
      AMBIT_TRY(os::open_at(entry.to_fd, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  AMBIT_TRY(copy_folder(from.get(), to.get(), depth + 1));
  return copy_attributes(from.get(), to.get(), entry.st);
}

Result<void> copy_entry(const Entry& entry, int depth) {
  switch (entry.st.st_mode & S_IFMT) {
    case S_IFREG:
      return copy_file(entry);
    case S_IFDIR:
      return copy_subfolder(entry, depth);
    case S_IFLNK:
      return copy_link(entry);
    case S_IFSOCK:
      return {};
    default:
      return copy_node(entry);
  }
}

Result<void> copy_folder(int from_fd, int to_fd, int depth) {
  if (depth > kMaxDepth) return Error(ErrorCode::InvalidArgument, "folders too deep to copy");
  for (const std::string& name : AMBIT_TRY(os::list_names(from_fd))) {
    Entry entry = {.from_fd = from_fd, .to_fd = to_fd, .name = name.c_str(), .st = {}};
    if (::fstatat(from_fd, name.c_str(), &entry.st, AT_SYMLINK_NOFOLLOW) < 0)
      return failed("fstatat").context(name);
    AMBIT_TRY(copy_entry(entry, depth).context(name));
  }
  return {};
}

}  // namespace

Result<void> copy_tree(int from_fd, int to_fd) {
  const UniqueFd from = AMBIT_TRY(os::open_at(from_fd, ".", O_RDONLY | O_DIRECTORY));
  struct stat st = {};
  if (::fstat(from.get(), &st) < 0) return failed("fstat");
  const UniqueFd to = AMBIT_TRY(os::open_at(to_fd, ".", O_RDONLY | O_DIRECTORY));
  AMBIT_TRY(copy_folder(from.get(), to.get(), 0).context("copying what is below the mount"));
  return copy_attributes(from.get(), to.get(), st);
}

}  // namespace ambit::sandbox
