#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "os/process.h"

namespace ambit::os {

struct CloneOptions {
  std::uint64_t flags =
      0;               // CLONE_NEW*, CLONE_PARENT; CLONE_PIDFD is added, but not to CLONE_PARENT
  int cgroup_fd = -1;  // the child's cgroup (CLONE_INTO_CGROUP, Linux 5.7)
};

// fork(2) with clone3(2): the child runs on in a copy of the caller's memory, where `pid` is 0 and
// `pidfd` empty. For callers with one thread: the C library's fork handlers don't run.
//
// Where a seccomp filter hides clone3 (ENOSYS), clone(2) is used; that can't place the child in a
// cgroup: Unsupported.
Result<Process> clone_process(const CloneOptions& options);

// An end of the process: waits for it to exit and takes its status (waitid(2), si_code and
// si_status as a wait status). NotFound where it is no child of ours.
Result<int> reap(int pidfd);

// "exited with status 3", "killed by SIGKILL": a wait status for people.
std::string describe_wait_status(int status);

}  // namespace ambit::os
