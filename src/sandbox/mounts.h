#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/given.h"
#include "sandbox/id_map.h"
#include "sandbox/mount_options.h"

namespace ambit::sandbox {

// A planned mount with what could only be had outside the container.
struct OpenedMount {
  MountPlan plan;
  UniqueFd tree;  // Bind and Overlay: the source, attached nowhere; Filesystem: what was mounted
};

struct MountContext {
  const IdMaps* id_maps = nullptr;
  std::vector<UniqueFd>* idmapped = nullptr;  // from open_idmapped(); taken by open_sources()
  const GivenFds* given = nullptr;            // mounts in the place of a bind mount's source
  // The container has a network namespace of its own. Without one the kernel refuses a sysfs, and
  // a mount of type sysfs becomes the host's /sys, read-only.
  bool own_network = true;
  // The container has a cgroup namespace. Without one its /sys/fs/cgroup is the host's, bound.
  bool own_cgroup = true;
};

// Opens the sources, with the rights and groups that the user has outside: before anything is
// given up. NotFound names a missing source.
Result<std::vector<OpenedMount>> open_sources(const std::vector<MountPlan>& plans,
                                              const MountContext& context);

// Whether a mount waits for the container's cgroup (types cgroup and cgroup2).
bool needs_cgroup(const MountPlan& plan);

// Mounts in order, all but those that wait for the cgroup. A target is looked up inside the root by
// descriptor, made where it is missing (a file for a file), and looked up again after mounting: it
// has to be the new mount then.
//
// PermissionDenied for a target that would fake or cover what programs trust: /, /proc, /sys, /dev
// and places in the file systems there take a mount of their own kind only (CVE-2019-16884).
Result<void> mount_all(int root_fd, std::vector<OpenedMount>& mounts, const MountContext& context);

// The others; in the container's final cgroup, after its cgroup namespace was made.
Result<void> mount_cgroups(int root_fd, std::vector<OpenedMount>& mounts,
                           const MountContext& context);

// What had to be writable until here becomes read-only: a tmpfs that others are mounted in.
Result<void> finish_mounts(const std::vector<OpenedMount>& mounts);

}  // namespace ambit::sandbox
