#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/runtime_spec.h"

// The container's root: made as a mount of its own, filled while the host's is still below it, then
// entered. All of this runs in the child's new mount namespace.
namespace ambit::sandbox {

// Stops mounts made here from reaching the host, while the host's still reach bind mounts that are
// to be slaves.
Result<void> stop_propagation_to_host();

// The root that the spec describes (overlay, or root.path bound with all mounts below it), attached
// nowhere. NotFound names a missing folder.
Result<UniqueFd> make_root(const spec::RuntimeSpec& spec);

// Covers the host's root with a mount, so that it can be mounted on: mounts need a place in the
// tree. Only descriptors see it.
Result<void> cover_host_root(int mount_fd);

// Makes the covering root the root of the process and detaches everything of the host. Afterwards
// the working folder is "/" and no path leads back. Source: pivot_root(2), pivot_root(".", ".").
Result<void> enter_root(int root_fd);

// root_readonly and rootfs_propagation; when nothing has to be created any more.
Result<void> finish_root(int root_fd, const spec::RuntimeSpec& spec);

}  // namespace ambit::sandbox
