#include "sandbox/masks.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

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

// Nothing where the path doesn't exist: the lists name what some kernels have.
Result<std::optional<UniqueFd>> open_existing(int root_fd, const std::string& path) {
  auto target = os::open_in_root(root_fd, path);
  if (target) return std::optional<UniqueFd>(*std::move(target));
  const int err = target.error().sys_errno();
  if (err == ENOENT || err == ENOTDIR) return std::optional<UniqueFd>();
  return std::move(target).error();
}

Result<void> make_one_readonly(int root_fd, const std::string& path) {
  const auto target = AMBIT_TRY(open_existing(root_fd, path));
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

Result<void> Masks::cover_one(int root_fd, const std::string& path) const {
  const auto target = AMBIT_TRY(open_existing(root_fd, path));
  if (!target) return {};
  const TargetKind kind = AMBIT_TRY(target_kind(target->get()));
  UniqueFd mask = AMBIT_TRY(os::clone_tree(
      mount_.get(), kind == TargetKind::Folder ? kFolder : kFile, os::Depth::Single));
  return attach_at_target(root_fd, path, target->get(), mask.get());
}

Result<void> Masks::cover(int root_fd, const std::vector<std::string>& paths) const {
  for (const std::string& path : paths)
    AMBIT_TRY(cover_one(root_fd, path).context("masking " + path));
  return {};
}

Result<void> make_readonly(int root_fd, const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    AMBIT_TRY(make_one_readonly(root_fd, path).context("making " + path + " read-only"));
  return {};
}

}  // namespace ambit::sandbox
