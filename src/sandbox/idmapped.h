#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/id_map.h"
#include "sandbox/mount_options.h"

namespace ambit::sandbox {

// The sources of ID-mapped mounts (mount_setattr(2), Linux 5.12) as mounts that are attached
// nowhere, one entry for each plan, empty for the plans without a map. By the caller, in his own
// namespaces: the kernel wants rights over the user namespace that the file system was mounted in,
// which a container has not.
//
// Unsupported where the file system can't do it, PermissionDenied where the caller has not those
// rights, as an ordinary user on the host's file systems.
Result<std::vector<UniqueFd>> open_idmapped(const std::vector<MountPlan>& plans,
                                            const IdMaps& container);

}  // namespace ambit::sandbox
