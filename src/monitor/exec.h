#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/descriptors.h"

namespace ambit::monitor {

// `ambit-monitor exec NAME NAMES`: runs one process in a running container, in supervisor/ of the
// container's scope, so that it survives a restart of ambitd as the container does.
//
//   control   as for a container. It takes Kill; it says Started, Failed, Exited
//   spec      sealed memfd, a runtime specification: `process` and `ambit.user` count
//   pidfd     PID 1 of the container
//   cgroup    O_PATH folder of the scope's cgroup; absent: stays where it is
//   userns    as for a container
//   seccomp   as for a container
//   stdin stdout stderr   go straight to the process; absent: /dev/null
//
// Returns when the process has ended. An error has been sent as Failed.
Result<void> run_exec(Descriptors descriptors, UniqueFd signal_fd);

}  // namespace ambit::monitor
