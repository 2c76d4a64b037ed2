#include "sandbox/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"
#include "os/mount.h"
#include "sandbox/mount_options.h"
#include "sandbox/overlay.h"

namespace ambit::sandbox {

Result<void> stop_propagation_to_host() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0)
    return Error::from_errno(errno, "making the mounts of the host slaves: mount");
  return {};
}

namespace {

// The folder itself: who can put a link in its place would choose another of the host's.
Result<UniqueFd> open_root_folder(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  auto folder = os::open_at(AT_FDCWD, path, O_PATH | O_NOFOLLOW);
  struct stat st = {};
  if (folder && ::fstat(folder->get(), &st) == 0 && S_ISLNK(st.st_mode))
    return Error(ErrorCode::InvalidArgument, "it is a link, and has to be the folder itself");
  return folder;
}

}  // namespace

Result<UniqueFd> make_root(const spec::RuntimeSpec& spec) {
  if (spec.ambit.overlay) return make_overlay(*spec.ambit.overlay).context("root");
  const std::string what = "root " + spec.root_path;
  const UniqueFd folder = AMBIT_TRY(open_root_folder(spec.root_path).context(what));
  UniqueFd tree = AMBIT_TRY(os::clone_tree(folder.get(), "", os::Depth::Recursive).context(what));
  AMBIT_TRY(os::change_mount(tree.get(), {.propagation = MS_PRIVATE, .depth = os::Depth::Recursive})
                .context(what));
  if (!spec.root_readonly) return tree;
  // The mounts below now, the root itself in finish_root(): mount points have to be made in it.
  AMBIT_TRY(os::change_mount(tree.get(), {.set = MOUNT_ATTR_RDONLY, .depth = os::Depth::Recursive})
                .context(what));
  // Refused where the host has it read-only and locked; then making a mount point says so.
  (void)os::change_mount(tree.get(), {.clear = MOUNT_ATTR_RDONLY});
  return tree;
}

Result<void> cover_host_root(int mount_fd) {
  UniqueFd host = AMBIT_TRY(os::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  return os::attach(mount_fd, host.get()).context("covering the host's root");
}

namespace {

// The mount that a lookup of "/.." lands on: the topmost of what is stacked on the root.
Result<std::uint64_t> topmost_mount() {
  UniqueFd top = AMBIT_TRY(os::open_at(AT_FDCWD, "/..", O_PATH | O_DIRECTORY));
  return os::mount_id(top.get());
}

// Host's root, and what was stacked on it before (masks.h).
constexpr int kMaxStacked = 8;

Result<void> detach_everything_on_root(int root_fd) {
  const std::uint64_t root = AMBIT_TRY(os::mount_id(root_fd));
  for (int i = 0; i < kMaxStacked; ++i) {
    if (AMBIT_TRY(topmost_mount()) == root) return {};
    if (::umount2("/..", MNT_DETACH) < 0)
      return Error::from_errno(errno, "detaching the host's root: umount2");
  }
  return Error(ErrorCode::Internal, "the host's root can't be detached");
}

}  // namespace

// Both arguments "." stack the old root on top of the new one, so that no folder in the image has
// to be set aside for it.
Result<void> enter_root(int root_fd) {
  if (::fchdir(root_fd) < 0) return Error::from_errno(errno, "entering the root: fchdir");
  if (::syscall(SYS_pivot_root, ".", ".") < 0)
    return Error::from_errno(errno, "entering the root: pivot_root");
  AMBIT_TRY(detach_everything_on_root(root_fd));
  if (::chdir("/") < 0) return Error::from_errno(errno, "entering the root: chdir");
  return {};
}

Result<void> finish_root(int root_fd, const spec::RuntimeSpec& spec) {
  if (!spec.rootfs_propagation.empty()) {
    const std::uint64_t flags = AMBIT_TRY(parse_propagation(spec.rootfs_propagation));
    const os::Depth depth = (flags & MS_REC) != 0 ? os::Depth::Recursive : os::Depth::Single;
    AMBIT_TRY(
        os::change_mount(root_fd, {.propagation = flags & ~std::uint64_t{MS_REC}, .depth = depth})
            .context("propagation of the root"));
  }
  if (spec.root_readonly)
    AMBIT_TRY(
        os::change_mount(root_fd, {.set = MOUNT_ATTR_RDONLY}).context("making the root read-only"));
  return {};
}

}  // namespace ambit::sandbox
