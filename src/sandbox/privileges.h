#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sandbox/capabilities.h"
#include "sandbox/user_lookup.h"
#include "spec/runtime_spec.h"

// What a process gives up before it executes the container's command.
namespace ambit::sandbox {

// setrlimit(2) for each. InvalidArgument for an unknown type; PermissionDenied, with the limit, for
// a hard limit above the caller's own.
Result<void> set_rlimits(const std::vector<spec::Rlimit>& rlimits);

// For the calling process, through a verified procfs. A process that is not dumpable can't.
Result<void> set_oom_score_adj(int procfs_fd, int value);

enum class Setgroups { Allowed, Denied };

// Everything but seccomp, in this order: bounding set, groups, ids, the other capability sets,
// no_new_privs. The ids first need CAP_SETUID, which the sets then take away.
//
// Where setgroups(2) is denied (single-id map), groups that were looked up are not to be had, and
// the groups of the caller stay, which inside are nobody's; groups that the spec demands are an
// error.
Result<void> drop_privileges(const spec::ProcessSpec& process, const ContainerUser& user,
                             const CapabilityBits& capabilities, Setgroups setgroups);

}  // namespace ambit::sandbox
