#pragma once

#include <array>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/mount_options.h"

namespace ambit::sandbox {

constexpr std::size_t kDeviceCount = 6;

// null, zero, full, random, urandom, tty: the host's nodes, as mounts that are attached nowhere. A
// user namespace can't make device nodes.
struct HostDevices {
  std::array<UniqueFd, kDeviceCount> nodes;
};

// Opens them; each has to be the character device of that name (devices.txt of the kernel).
Result<HostDevices> open_host_devices();

// The null device, open for reading and writing.
Result<UniqueFd> open_null(const HostDevices& devices);

// Whether the spec makes a /dev of its own, a tmpfs. Only such a one is filled.
bool has_own_dev(const std::vector<MountPlan>& mounts);

// Puts the nodes and the usual links (fd, stdin, stdout, stderr, core, ptmx) into the /dev below
// `root_fd`, which must be the tmpfs.
Result<void> fill_dev(int root_fd, const HostDevices& devices);

// Binds a file that a descriptor refers to on the new file /dev/NAME.
Result<void> bind_device(int root_fd, const char* name, int tree_fd);

}  // namespace ambit::sandbox
