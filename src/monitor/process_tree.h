#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace ambit::monitor {

// SIGKILL to a process and to all that it has started: those that descend from it, and those of its
// session, which tells of orphans. One that has made itself a session and lost its parents is a
// daemon, which was started to stay; it is left alone. Only processes in the cgroup at `cgroup` and
// below are looked at. Each is stopped first, so that none forks while the others are looked for.
Result<void> kill_tree(pid_t root, const std::string& cgroup);

}  // namespace ambit::monitor
