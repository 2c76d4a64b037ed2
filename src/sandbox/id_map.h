#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "os/namespace.h"
#include "sandbox/namespaces.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

// What the container's user namespace maps. `outside` is an id of the caller's namespace.
struct IdMaps {
  std::vector<os::IdExtent> uids;
  std::vector<os::IdExtent> gids;
  // Whether setgroups(2) is to be had inside: not below a single-id map (user_namespaces(7)).
  bool setgroups_allowed = true;
};

bool is_mapped(const std::vector<os::IdExtent>& extents, id_t inside);

// The maps for a container that the calling process starts: its own ids, or those of the spec,
// split where the caller's own map is split, because a line that spans two extents is EPERM.
// InvalidArgument for a mapping of ids that the caller doesn't have.
//
// Where the container joins a user namespace: the maps that one has. Without one: the caller's own.
Result<IdMaps> plan_id_maps(const spec::RuntimeSpec& spec, const NamespacePlan& namespaces);

// The part of plan_id_maps() that asks nobody: `wanted` (the identity where empty) over `held`.
Result<std::vector<os::IdExtent>> split_mappings(const std::vector<spec::IdMapping>& wanted,
                                                 const std::vector<os::IdExtent>& held);

// Writes the maps of a child's new user namespace. `procfs_fd` from os::open_procfs(). A caller who
// is not root may map himself alone; further ids he gets through newuidmap and newgidmap, as far as
// /etc/subuid and /etc/subgid go: HostUnsupported, with their words, where they refuse.
Result<void> write_id_maps(int procfs_fd, pid_t pid, const IdMaps& maps);

}  // namespace ambit::sandbox
