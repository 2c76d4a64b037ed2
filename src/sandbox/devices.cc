#include "sandbox/devices.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "os/file.h"
#include "os/mount.h"
#include "os/path.h"

namespace ambit::sandbox {
namespace {

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};

constexpr std::array<Device, kDeviceCount> kDevices = {{
    {"null", 1, 3},
    {"zero", 1, 5},
    {"full", 1, 7},
    {"random", 1, 8},
    {"urandom", 1, 9},
    {"tty", 5, 0},
}};
constexpr std::size_t kNull = 0;

struct Link {
  const char* name;
  const char* target;
};

constexpr Link kLinks[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
};

Result<UniqueFd> open_dev(int root_fd) {
  UniqueFd dev = AMBIT_TRY(os::open_in_root(root_fd, "/dev", {.flags = O_PATH | O_DIRECTORY}));
  struct statfs fs = {};
  if (::fstatfs(dev.get(), &fs) < 0) return Error::from_errno(errno, "fstatfs /dev");
  if (fs.f_type != TMPFS_MAGIC)
    return Error(ErrorCode::PermissionDenied, "/dev is not the container's own tmpfs");
  return dev;
}

Result<void> bind_in(int dev_fd, const char* name, int tree_fd) {
  UniqueFd file =
      AMBIT_TRY(os::open_at(dev_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY, /*mode=*/0644));
  return os::attach(tree_fd, file.get());
}

}  // namespace

Result<HostDevices> open_host_devices() {
  HostDevices devices;
  for (std::size_t i = 0; i < kDevices.size(); ++i) {
    const std::string path = std::string("/dev/") + kDevices[i].name;
    devices.nodes[i] = AMBIT_TRY(os::clone_tree(AT_FDCWD, path, os::Depth::Single));
    struct stat st = {};
    if (::fstat(devices.nodes[i].get(), &st) < 0) return Error::from_errno(errno, "fstat " + path);
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(kDevices[i].major, kDevices[i].minor))
      return Error(ErrorCode::HostUnsupported,
                   "the host's " + path + " is not the device of that name");
  }
  return devices;
}

Result<UniqueFd> open_null(const HostDevices& devices) {
  return os::open_at(AT_FDCWD, os::fd_path(devices.nodes[kNull].get()), O_RDWR);
}

bool has_own_dev(const std::vector<MountPlan>& mounts) {
  for (const MountPlan& mount : mounts)
    if (mount.kind == MountKind::Filesystem && mount.type == "tmpfs" && mount.destination == "/dev")
      return true;
  return false;
}

Result<void> fill_dev(int root_fd, const HostDevices& devices) {
  UniqueFd dev = AMBIT_TRY(open_dev(root_fd));
  for (std::size_t i = 0; i < kDevices.size(); ++i)
    AMBIT_TRY(bind_in(dev.get(), kDevices[i].name, devices.nodes[i].get())
                  .context(std::string("device /dev/") + kDevices[i].name));
  for (const Link& link : kLinks)
    if (::symlinkat(link.target, dev.get(), link.name) < 0)
      return Error::from_errno(errno, std::string("link /dev/") + link.name);
  return {};
}

Result<void> bind_device(int root_fd, const char* name, int tree_fd) {
  UniqueFd dev = AMBIT_TRY(open_dev(root_fd));
  return bind_in(dev.get(), name, tree_fd).context(std::string("device /dev/") + name);
}

}  // namespace ambit::sandbox
