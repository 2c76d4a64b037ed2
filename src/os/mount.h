#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

// The mount API of Linux 5.2 and mount_setattr(2) of 5.12: mounts are descriptors until they are
// attached, so no path is walked twice.
namespace ambit::os {

// A file system being configured (fsopen(2)). Errors carry the kernel's own words, which it leaves
// in the context.
class FilesystemContext {
 public:
  static Result<FilesystemContext> open(const std::string& type);

  Result<void> set(const std::string& key, const std::string& value) const;
  Result<void> set_flag(const std::string& key) const;
  Result<void> create() const;

  // The file system as a mount that is attached nowhere. `attributes` are MOUNT_ATTR_*.
  Result<UniqueFd> mount(std::uint64_t attributes) const;

 private:
  FilesystemContext(std::string type, UniqueFd fd) : type_(std::move(type)), fd_(std::move(fd)) {}
  Error failure(int err, const std::string& step) const;

  std::string type_;
  UniqueFd fd_;
};

enum class Depth { Single, Recursive };

// A copy of the mount at a path, or of the tree of mounts below it, attached nowhere (open_tree(2)
// with OPEN_TREE_CLONE). With an empty path `dir_fd` itself. The last component may be a link.
Result<UniqueFd> clone_tree(int dir_fd, const std::string& path, Depth depth);

// Attaches a mount on top of what `target_fd` (O_PATH) refers to.
Result<void> attach(int mount_fd, int target_fd);

// mount_setattr(2) on a mount, or on a tree of mounts.
struct MountChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE; 0: as it is
  int userns_fd = -1;             // show owners through its map (MOUNT_ATTR_IDMAP)
  Depth depth = Depth::Single;
};
Result<void> change_mount(int mount_fd, const MountChange& change);

// The id of the mount that a descriptor is on (statx(2), Linux 5.8).
Result<std::uint64_t> mount_id(int fd);

}  // namespace ambit::os
