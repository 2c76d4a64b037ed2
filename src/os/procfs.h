#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

// procfs through a handle that is known to be procfs, so that nobody who can mount or rename can
// send a write elsewhere (CVE-2025-52881).
namespace ambit::os {

// The mounted /proc, verified: the file system's type, and that it is its root. PermissionDenied
// where it is something else.
Result<UniqueFd> open_procfs();

// A procfs of the calling process's PID namespace, mounted nowhere. Needs CAP_SYS_ADMIN over that
// namespace, and, in a user namespace, a fully visible /proc in the mount namespace.
Result<UniqueFd> new_procfs();

// Opens a path below the handle, crossing no mount and no magic link.
Result<UniqueFd> open_in_procfs(int procfs_fd, const std::string& path, int flags);

// One write(2) to an existing file below it.
Result<void> write_in_procfs(int procfs_fd, const std::string& path, std::string_view text);

}  // namespace ambit::os
