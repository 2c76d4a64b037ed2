#include "sandbox/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "base/strings.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/path.h"

namespace ambit::sandbox {
namespace {

struct Layers {
  std::vector<UniqueFd> lower;  // topmost first
  UniqueFd upper;               // empty: read-only
  UniqueFd work;
};

Result<UniqueFd> open_folder(const std::string& path) {
  return os::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY).context("overlay");
}

Result<Layers> open_layers(const spec::Overlay& overlay) {
  Layers layers;
  for (const std::string& path : overlay.lower)
    layers.lower.push_back(AMBIT_TRY(open_folder(path)));
  if (layers.lower.empty()) return Error(ErrorCode::InvalidArgument, "overlay: no lower folder");
  if (overlay.upper.empty()) return layers;
  layers.upper = AMBIT_TRY(open_folder(overlay.upper));
  layers.work = AMBIT_TRY(open_folder(overlay.work));
  return layers;
}

std::uint64_t attributes_of(const Layers& layers) { return layers.upper ? 0 : MOUNT_ATTR_RDONLY; }

// Nothing where the kernel doesn't take the layers one by one.
Result<std::optional<UniqueFd>> mount_layer_by_layer(const Layers& layers) {
  const os::FilesystemContext context = AMBIT_TRY(os::FilesystemContext::open("overlay"));
  // Before Linux 6.5 overlayfs looks at options only when it mounts; until then it takes any. It
  // would refuse layers one by one too late, and write so into the kernel's log at each start.
  if (context.set_flag("ambit-probe")) return std::optional<UniqueFd>();
  if (auto first = context.set("lowerdir+", os::fd_path(layers.lower.front().get())); !first) {
    if (first.error().sys_errno() == EINVAL) return std::optional<UniqueFd>();
    return std::move(first).error();
  }
  for (std::size_t i = 1; i < layers.lower.size(); ++i)
    AMBIT_TRY(context.set("lowerdir+", os::fd_path(layers.lower[i].get())));
  if (layers.upper) {
    AMBIT_TRY(context.set("upperdir", os::fd_path(layers.upper.get())));
    AMBIT_TRY(context.set("workdir", os::fd_path(layers.work.get())));
  }
  AMBIT_TRY(context.set_flag("userxattr"));
  AMBIT_TRY(context.create());
  return std::optional<UniqueFd>(AMBIT_TRY(context.mount(attributes_of(layers))));
}

// The options have to fit a page, so folders are named by number, below /proc/self/fd as the
// working folder: more than the 500 layers that overlayfs takes have room.
Result<UniqueFd> mount_in_one_call(const Layers& layers) {
  std::string data = "userxattr,lowerdir=";
  for (const UniqueFd& layer : layers.lower) data += strf("%d:", layer.get());
  data.pop_back();
  if (layers.upper) data += strf(",upperdir=%d,workdir=%d", layers.upper.get(), layers.work.get());

  if (::chdir("/proc/self/fd") < 0) return Error::from_errno(errno, "chdir /proc/self/fd");
  const unsigned long flags = layers.upper ? 0 : MS_RDONLY;
  const int result = ::mount("overlay", "/", "overlay", flags, data.c_str());
  const int err = errno;
  if (::chdir("/") < 0) return Error::from_errno(errno, "chdir /");
  if (result < 0) return Error::from_errno(err, "overlay: mount");

  // A lookup of "/" starts below what covers it; ".." is what lands on top.
  UniqueFd covering = AMBIT_TRY(os::open_at(AT_FDCWD, "/..", O_PATH | O_DIRECTORY));
  UniqueFd detached = AMBIT_TRY(os::clone_tree(covering.get(), "", os::Depth::Single));
  if (::umount2(os::fd_path(covering.get()).c_str(), MNT_DETACH) < 0)
    return Error::from_errno(errno, "overlay: umount2");
  return detached;
}

// overlayfs wants two lower folders where there is no upper one.
Result<UniqueFd> bind_single_layer(int layer_fd) {
  UniqueFd tree = AMBIT_TRY(os::clone_tree(layer_fd, "", os::Depth::Single).context("overlay"));
  AMBIT_TRY(os::change_mount(tree.get(), {.set = MOUNT_ATTR_RDONLY}).context("overlay"));
  return tree;
}

Error explain(Error error) {
  // Of the options only userxattr may be unknown to a kernel that we support.
  const int err = error.sys_errno();
  if (err == EPERM || err == EINVAL || err == ENODEV)
    return std::move(error)
        .context(
            "this kernel mounts no overlay with userxattr in a user namespace (Linux 5.11 or "
            "newer with the overlay module: modprobe overlay), or the layers are on a file "
            "system that can't carry it")
        .with_code(ErrorCode::HostUnsupported);
  return error;
}

}  // namespace

Result<UniqueFd> make_overlay(const spec::Overlay& overlay, OverlayMethod method) {
  const Layers layers = AMBIT_TRY(open_layers(overlay));
  if (!layers.upper && layers.lower.size() == 1)
    return bind_single_layer(layers.lower.front().get());
  if (method == OverlayMethod::Probe) {
    auto mount = mount_layer_by_layer(layers);
    if (!mount) return explain(std::move(mount).error());
    if (*mount) return std::move(**mount);
  }
  auto mount = mount_in_one_call(layers);
  if (!mount) return explain(std::move(mount).error());
  return mount;
}

}  // namespace ambit::sandbox
