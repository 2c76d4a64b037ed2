#include "sandbox/masks.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "os/file.h"
#include "os/mount.h"
#include "os/path.h"
#include "sandbox/mount_target.h"
#include "sandbox/rootfs.h"

namespace ambit::sandbox {
namespace {

constexpr char kFile[] = "file";
constexpr char kFolder[] = "folder";
constexpr std::uint64_t kLocked =
    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;

struct KernelTree {
  std::string_view path;
  long magic;
};

constexpr KernelTree kKernelTrees[] = {{"/proc", PROC_SUPER_MAGIC}, {"/sys", SYSFS_MAGIC}};

bool mounts_at(const spec::RuntimeSpec& spec, std::string_view place) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const spec::Mount& mount) { return mount.destination == place; });
}

// The tree that the specification mounts and that `path` is in, null where there is none.
const KernelTree* kernel_tree_of(const std::string& path, const spec::RuntimeSpec& spec) {
  for (const KernelTree& tree : kKernelTrees) {
    const std::size_t size = tree.path.size();
    if (path.compare(0, size, tree.path) == 0 && path.size() > size && path[size] == '/' &&
        mounts_at(spec, tree.path))
      return &tree;
  }
  return nullptr;
}

Result<UniqueFd> open_tree(int root_fd, const KernelTree& tree) {
  const std::string path(tree.path);
  UniqueFd top = AMBIT_TRY(os::open_in_root(root_fd, path, {.flags = O_PATH | O_DIRECTORY}));
  struct statfs fs = {};
  if (::fstatfs(top.get(), &fs) < 0) return Error::from_errno(errno, "fstatfs " + path);
  if (static_cast<long>(fs.f_type) != tree.magic)
    return Error(ErrorCode::PermissionDenied, path + " was replaced while the container started");
  return top;
}

Result<UniqueFd> open_masked(int root_fd, const std::string& path, const spec::RuntimeSpec& spec) {
  const KernelTree* const tree = kernel_tree_of(path, spec);
  if (tree == nullptr) return os::open_in_root(root_fd, path);
  auto top = open_tree(root_fd, *tree);
  // Not as if the path were missing, whatever the errno.
  if (!top) return Error(ErrorCode::PermissionDenied, top.error().message());
  return os::open_in_root(top->get(), path.substr(tree->path.size()));
}

// Nothing where the path doesn't exist.
Result<std::optional<UniqueFd>> open_existing(int root_fd, const std::string& path,
                                              const spec::RuntimeSpec& spec) {
  auto target = open_masked(root_fd, path, spec);
  if (target) return std::optional<UniqueFd>(*std::move(target));
  const int err = target.error().sys_errno();
  if (err == ENOENT || err == ENOTDIR) return std::optional<UniqueFd>();
  return std::move(target).error();
}

Result<void> make_one_readonly(int root_fd, const std::string& path,
                               const spec::RuntimeSpec& spec) {
  const auto target = AMBIT_TRY(open_existing(root_fd, path, spec));
  if (!target) return {};
  UniqueFd tree = AMBIT_TRY(os::clone_tree(target->get(), "", os::Depth::Recursive));
  AMBIT_TRY(
      os::change_mount(tree.get(), {.set = MOUNT_ATTR_RDONLY, .depth = os::Depth::Recursive}));
  return attach_at_target(root_fd, path, target->get(), tree.get());
}

}  // namespace

Result<Masks> Masks::create() {
  const os::FilesystemContext tmpfs = AMBIT_TRY(os::FilesystemContext::open("tmpfs"));
  AMBIT_TRY(tmpfs.set("mode", "0755"));
  AMBIT_TRY(tmpfs.create());
  UniqueFd mount = AMBIT_TRY(tmpfs.mount(0));
  const UniqueFd file =
      AMBIT_TRY(os::open_at(mount.get(), kFile, O_CREAT | O_EXCL | O_RDONLY, /*mode=*/0444));
  if (::mkdirat(mount.get(), kFolder, 0555) < 0) return Error::from_errno(errno, "mkdir");
  AMBIT_TRY(os::change_mount(mount.get(), {.set = kLocked}));
  AMBIT_TRY(cover_host_root(mount.get()));
  return Masks(std::move(mount));
}

Result<void> Masks::cover_one(int root_fd, const std::string& path,
                              const spec::RuntimeSpec& spec) const {
  const auto target = AMBIT_TRY(open_existing(root_fd, path, spec));
  if (!target) return {};
  const TargetKind kind = AMBIT_TRY(target_kind(target->get()));
  UniqueFd mask = AMBIT_TRY(os::clone_tree(
      mount_.get(), kind == TargetKind::Folder ? kFolder : kFile, os::Depth::Single));
  return attach_at_target(root_fd, path, target->get(), mask.get());
}

Result<void> Masks::cover(int root_fd, const spec::RuntimeSpec& spec) const {
  for (const std::string& path : spec.masked_paths)
    AMBIT_TRY(cover_one(root_fd, path, spec).context("masking " + path));
  return {};
}

Result<void> make_readonly(int root_fd, const spec::RuntimeSpec& spec) {
  for (const std::string& path : spec.readonly_paths)
    AMBIT_TRY(make_one_readonly(root_fd, path, spec).context("making " + path + " read-only"));
  return {};
}

}  // namespace ambit::sandbox
