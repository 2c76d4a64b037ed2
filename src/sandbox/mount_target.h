#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/mount_options.h"

namespace ambit::sandbox {

enum class TargetKind { Folder, File };

// The place inside the root that a mount goes to, made where it is missing. A last component that
// is a link is followed inside the root. Refused as mount_all() says. `tree_fd` is the source of a
// bind mount, or -1.
Result<UniqueFd> open_target(int root_fd, const MountPlan& plan, TargetKind kind, int tree_fd);

// Attaches a mount there and sees that the path leads to it now (CVE-2021-30465). PermissionDenied
// where somebody moved the target away.
Result<void> attach_at_target(int root_fd, const std::string& path, int target_fd, int mount_fd);

// A folder or a file, by what a descriptor refers to.
Result<TargetKind> target_kind(int fd);

}  // namespace ambit::sandbox
