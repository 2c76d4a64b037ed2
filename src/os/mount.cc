#include "os/mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace ambit::os {

Result<FilesystemContext> FilesystemContext::open(const std::string& type) {
  UniqueFd fd(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!fd) return Error::from_errno(errno, "fsopen " + type);
  return FilesystemContext(type, std::move(fd));
}

// The context is a log, too: each read(2) takes one message, "e overlay: text".
Error FilesystemContext::failure(int err, const std::string& step) const {
  std::string words;
  char buffer[512];
  for (ssize_t n; (n = ::read(fd_.get(), buffer, sizeof buffer)) > 0;) {
    std::string_view line = trim({buffer, static_cast<std::size_t>(n)});
    if (line.substr(0, 2) == "e ") line.remove_prefix(2);
    words += (words.empty() ? " (" : "; ") + std::string(line);
  }
  if (!words.empty()) words += ")";
  return Error::from_errno(err, type_ + ": " + step + words);
}

Result<void> FilesystemContext::set(const std::string& key, const std::string& value) const {
  if (::fsconfig(fd_.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0) < 0)
    return failure(errno, "option " + key + "=" + value);
  return {};
}

Result<void> FilesystemContext::set_flag(const std::string& key) const {
  if (::fsconfig(fd_.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0) < 0)
    return failure(errno, "option " + key);
  return {};
}

Result<void> FilesystemContext::create() const {
  if (::fsconfig(fd_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
    return failure(errno, "creating the file system");
  return {};
}

Result<UniqueFd> FilesystemContext::mount(std::uint64_t attributes) const {
  UniqueFd fd(::fsmount(fd_.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!fd) return failure(errno, "fsmount");
  return fd;
}

Result<UniqueFd> clone_tree(int dir_fd, const std::string& path, Depth depth) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (path.empty()) flags |= AT_EMPTY_PATH;
  if (depth == Depth::Recursive) flags |= AT_RECURSIVE;
  UniqueFd fd(::open_tree(dir_fd, path.c_str(), flags));
  if (!fd) return Error::from_errno(errno, path.empty() ? "open_tree" : "open_tree " + path);
  return fd;
}

Result<void> attach(int mount_fd, int target_fd) {
  if (::move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
      0)
    return Error::from_errno(errno, "move_mount");
  return {};
}

Result<void> change_mount(int mount_fd, const MountChange& change) {
  mount_attr attr = {};
  attr.attr_set = change.set;
  attr.attr_clr = change.clear;
  attr.propagation = change.propagation;
  if (change.userns_fd >= 0) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<std::uint64_t>(change.userns_fd);
  }
  unsigned flags = AT_EMPTY_PATH;
  if (change.depth == Depth::Recursive) flags |= AT_RECURSIVE;
  if (::mount_setattr(mount_fd, "", flags, &attr, sizeof attr) < 0)
    return Error::from_errno(errno, "mount_setattr");
  return {};
}

Result<std::uint64_t> mount_id(int fd) {
  struct statx st = {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
    return Error::from_errno(errno, "statx");
  return std::uint64_t{st.stx_mnt_id};
}

}  // namespace ambit::os
