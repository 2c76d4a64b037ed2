#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/descriptors.h"

namespace ambit::monitor {

// `ambit-monitor exec NAME NAMES`: runs one process in a running container, in supervisor/ of the
// container's scope, so that it survives a restart of ambitd as the container does.
//
//   keep0 ...  the command's descriptors 3, 4, ...; first of all, so that they are ours there too
//   control    as for a container. It takes Kill, Resize, Hello; it says Started, Failed, Exited
//   spec       sealed memfd, a runtime specification: `process` and `ambit.user` count
//   run        O_PATH folder of the session, for monitor.sock, and for exit.json after the end
//              (engine/exec_folders.h); absent: neither
//   pidfd      PID 1 of the container
//   cgroup     O_PATH folder of the scope's cgroup; absent: stays where it is
//   userns     as for a container
//   seccomp    as for a container
//   stdin stdout stderr   go straight to the process; absent: /dev/null
//   tty        stream socket of the client, for a process with a terminal, which we hold for it
//
// The process lives in the cgroup of PID 1, a leaf. Kill with SIGKILL ends what it has started, too
// (process_tree.h).
//
// Returns when the process has ended. An error has been sent as Failed.
Result<void> run_exec(Descriptors descriptors, UniqueFd signal_fd);

}  // namespace ambit::monitor
