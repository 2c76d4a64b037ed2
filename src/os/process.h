#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::os {

// A child, held by a descriptor that no reused PID can confuse (pidfd, Linux 5.3).
struct Process {
  pid_t pid = -1;
  UniqueFd pidfd;
};

struct SpawnOptions {
  int exe_fd = -1;                // the program, executed by execveat(2): a file or a sealed memfd
  std::vector<std::string> argv;  // argv[0] included
  std::vector<std::string> env;   // the whole environment
  std::vector<int> fds;           // become 3, 4, 5, ... in the child; everything else is closed
  int stdin_fd = -1;              // -1: /dev/null
  int stdout_fd = -1;             // -1: /dev/null
  int stderr_fd = -1;             // -1: the caller's
};

// Forks and executes. The child gets default signal dispositions, an empty signal mask, a session
// of its own and no descriptor but those named. Errors of the child up to and including execveat
// come back here. The caller reaps it (waitid(P_PIDFD)).
Result<Process> spawn(const SpawnOptions& options);

Result<UniqueFd> open_pidfd(pid_t pid);

// NotFound (ESRCH) where the process has gone.
Result<void> send_signal(int pidfd, int signal);

// Whether it has begun to end, or has ended: PF_EXITING, proc_pid_stat(5). Also where there is no
// such process. The first process of a PID namespace stays so until all others in it have gone.
bool is_exiting(pid_t pid);

// Boot id of the running kernel (/proc/sys/kernel/random/boot_id), without the newline.
Result<std::string> boot_id();

}  // namespace ambit::os
