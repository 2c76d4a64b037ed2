#include "sandbox/devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/strings.h"
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

constexpr std::string_view kPtmx = "/dev/ptmx";
constexpr mode_t kDevMode = 0755;
constexpr mode_t kNodeMode = 0666;

// The file to bind on. In a /dev of the image it may be there; a link there leads nowhere.
Result<UniqueFd> open_mount_point(int folder_fd, const std::string& name) {
  auto made = os::open_at(folder_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY, /*mode=*/0644);
  if (made || made.error().sys_errno() != EEXIST) return made;
  UniqueFd there = AMBIT_TRY(os::open_at(folder_fd, name, O_PATH | O_NOFOLLOW));
  struct stat st = {};
  if (::fstat(there.get(), &st) < 0) return Error::from_errno(errno, "fstat");
  if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
    return Error(ErrorCode::PermissionDenied, "a link or a folder is in the place of the device");
  return there;
}

Result<void> bind_in(int folder_fd, const std::string& name, int node_fd) {
  const UniqueFd file = AMBIT_TRY(open_mount_point(folder_fd, name));
  const UniqueFd tree = AMBIT_TRY(os::clone_tree(node_fd, "", os::Depth::Single));
  return os::attach(tree.get(), file.get());
}

Result<dev_t> device_number(int fd, mode_t& kind) {
  struct stat st = {};
  if (::fstat(fd, &st) < 0) return Error::from_errno(errno, "fstat");
  kind = st.st_mode & S_IFMT;
  return st.st_rdev;
}

dev_t number_of(const spec::Device& device) {
  return makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
}

Result<mode_t> kind_of(const spec::Device& device) {
  if (device.type == "c" || device.type == "u") return mode_t{S_IFCHR};
  if (device.type == "b") return mode_t{S_IFBLK};
  if (device.type == "p") return mode_t{S_IFIFO};
  return Error(ErrorCode::InvalidArgument, "unknown type '" + device.type + "'");
}

// Empty where the host has something else of that path, or nothing.
Result<UniqueFd> open_host_node(const spec::Device& device) {
  const mode_t wanted = AMBIT_TRY(kind_of(device));
  if (wanted == S_IFIFO) return UniqueFd();
  auto node = os::open_at(AT_FDCWD, device.path, O_PATH);
  if (!node) return UniqueFd();
  mode_t kind = 0;
  const dev_t number = AMBIT_TRY(device_number((*node).get(), kind));
  if (kind != wanted || number != number_of(device)) return UniqueFd();
  return node;
}

struct Place {
  UniqueFd folder;
  std::string name;
};

Result<Place> open_place(int root_fd, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash + 1 == path.size())
    return Error(ErrorCode::InvalidArgument, "it needs an absolute path");
  Place place;
  place.name = path.substr(slash + 1);
  place.folder = AMBIT_TRY(os::make_dirs_in_root(root_fd, path.substr(0, slash + 1), kDevMode));
  return place;
}

Result<void> give_away(int folder_fd, const std::string& name, const spec::Device& device) {
  if (::fchownat(folder_fd, name.c_str(), device.uid.value_or(0), device.gid.value_or(0),
                 AT_SYMLINK_NOFOLLOW) < 0)
    return Error::from_errno(errno, "fchownat");
  return {};
}

// Whether it is there: made now, or the same before. False where nodes are not ours to make.
Result<bool> make_node(const Place& place, const spec::Device& device) {
  const mode_t kind = AMBIT_TRY(kind_of(device));
  const mode_t mode = kind | (device.file_mode.value_or(kNodeMode) & 07777U);
  const mode_t old = ::umask(0);
  const int made = ::mknodat(place.folder.get(), place.name.c_str(), mode, number_of(device));
  const int err = errno;
  (void)::umask(old);
  if (made == 0) {
    AMBIT_TRY(give_away(place.folder.get(), place.name, device));
    return true;
  }
  if (err == EPERM) return false;
  if (err != EEXIST) return Error::from_errno(err, "mknodat");
  const UniqueFd there =
      AMBIT_TRY(os::open_at(place.folder.get(), place.name, O_PATH | O_NOFOLLOW));
  mode_t found = 0;
  const dev_t number = AMBIT_TRY(device_number(there.get(), found));
  return found == kind && (kind == S_IFIFO || number == number_of(device));
}

Result<void> make_device(int root_fd, const spec::Device& device, int host_fd) {
  // The container has its own: a link into its devpts.
  if (device.path == kPtmx) return {};
  const Place place = AMBIT_TRY(open_place(root_fd, device.path));
  if (AMBIT_TRY(make_node(place, device))) return {};
  if (host_fd < 0)
    return Error(
        ErrorCode::HostUnsupported,
        strf("a node can't be made without root, and the host's is not the device %lld:%lld",
             static_cast<long long>(device.major), static_cast<long long>(device.minor)));
  return bind_in(place.folder.get(), place.name, host_fd);
}

Result<UniqueFd> open_usual(const Device& device) {
  const std::string path = std::string("/dev/") + device.name;
  UniqueFd node = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_PATH));
  mode_t kind = 0;
  const dev_t number = AMBIT_TRY(device_number(node.get(), kind));
  if (kind != S_IFCHR || number != makedev(device.major, device.minor))
    return Error(ErrorCode::HostUnsupported,
                 "the host's " + path + " is not the device of that name");
  return node;
}

}  // namespace

Result<HostDevices> open_host_devices(const std::vector<spec::Device>& asked) {
  HostDevices devices;
  for (const Device& device : kDevices) devices.usual.push_back(AMBIT_TRY(open_usual(device)));
  for (const spec::Device& device : asked)
    devices.asked.push_back(AMBIT_TRY(open_host_node(device).context("device " + device.path)));
  return devices;
}

Result<UniqueFd> open_null(const HostDevices& devices) {
  return os::open_at(AT_FDCWD, os::fd_path(devices.usual[kNull].get()), O_RDWR);
}

Result<UniqueFd> open_dev(int root_fd, const std::vector<MountPlan>& mounts) {
  bool is_mounted = false;
  for (const MountPlan& mount : mounts) {
    if (mount.destination != "/dev") continue;
    if (mount.kind == MountKind::Bind) return UniqueFd();
    is_mounted = true;
  }
  auto dev = os::open_in_root(root_fd, "/dev", {.flags = O_PATH | O_DIRECTORY});
  if (!is_mounted && !dev && dev.error().sys_errno() == ENOENT)
    return os::make_dirs_in_root(root_fd, "/dev", kDevMode);
  if (!is_mounted || !dev) return dev;
  if (AMBIT_TRY(os::mount_id((*dev).get())) == AMBIT_TRY(os::mount_id(root_fd)))
    return Error(ErrorCode::PermissionDenied, "/dev was replaced while the container started");
  return dev;
}

Result<void> fill_dev(int dev_fd, const HostDevices& devices) {
  for (std::size_t i = 0; i < kDevices.size(); ++i)
    AMBIT_TRY(bind_in(dev_fd, kDevices[i].name, devices.usual[i].get())
                  .context(std::string("device /dev/") + kDevices[i].name));
  for (const Link& link : kLinks)
    if (::symlinkat(link.target, dev_fd, link.name) < 0 && errno != EEXIST)
      return Error::from_errno(errno, std::string("link /dev/") + link.name);
  return {};
}

Result<void> make_devices(int root_fd, const std::vector<spec::Device>& asked,
                          const HostDevices& devices) {
  for (std::size_t i = 0; i < asked.size(); ++i)
    AMBIT_TRY(
        make_device(root_fd, asked[i], devices.asked[i].get()).context("device " + asked[i].path));
  return {};
}

Result<void> bind_device(int dev_fd, const char* name, int node_fd) {
  return bind_in(dev_fd, name, node_fd).context(std::string("device /dev/") + name);
}

}  // namespace ambit::sandbox
