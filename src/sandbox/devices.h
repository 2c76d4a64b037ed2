#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/mount_options.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

constexpr std::size_t kDeviceCount = 6;

// Nodes of the host, O_PATH: where nodes can't be made, as in a user namespace, those of the host
// are bound.
struct HostDevices {
  std::vector<UniqueFd> usual;  // null, zero, full, random, urandom, tty
  std::vector<UniqueFd>
      asked;  // for each device of the spec; empty where the host has no such node
};

// Opens them. Each of the usual ones has to be the character device of that name (devices.txt of
// the kernel); of `asked` those count that are, on the host, what they are to be in the container.
Result<HostDevices> open_host_devices(const std::vector<spec::Device>& asked);

// The null device, open for reading and writing.
Result<UniqueFd> open_null(const HostDevices& devices);

// The container's /dev that is to be filled; empty where the spec binds a folder there. Where it
// mounts something else, that is what was opened, and no folder that a peer which shares the root
// has renamed into its place: PermissionDenied.
Result<UniqueFd> open_dev(int root_fd, const std::vector<MountPlan>& mounts);

// Puts the usual nodes and links (fd, stdin, stdout, stderr, core, ptmx) into it. What is there
// already stays: a link, and a node that the host's is then bound on.
Result<void> fill_dev(int dev_fd, const HostDevices& devices);

// Makes the spec's devices: mknod(2) for who may, else the host's node of the same path, bound.
// HostUnsupported where that isn't the device that was asked for.
Result<void> make_devices(int root_fd, const std::vector<spec::Device>& asked,
                          const HostDevices& devices);

// Binds the file that a descriptor (O_PATH) refers to on the file /dev/NAME, new or old.
Result<void> bind_device(int dev_fd, const char* name, int node_fd);

}  // namespace ambit::sandbox
