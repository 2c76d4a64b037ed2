#include "os/clone.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/signals.h"
#include "base/strings.h"

namespace ambit::os {
namespace {

// The argument order of the raw clone() differs between architectures; with no stack and no tls
// only the third is in doubt, and it is the parent's pidfd on all that we build for.
long clone_legacy(std::uint64_t flags, int* pidfd) {
  return ::syscall(SYS_clone, flags | SIGCHLD, nullptr, pidfd, nullptr, nullptr);
}

}  // namespace

Result<Process> clone_process(const CloneOptions& options) {
  int pidfd = -1;
  clone_args args = {};
  args.flags = options.flags;
  // The parent of a CLONE_PARENT child is somebody else, who opens a pidfd of his own.
  if ((options.flags & CLONE_PARENT) == 0) {
    args.flags |= CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    args.exit_signal = SIGCHLD;
  }
  if (options.cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(options.cgroup_fd);
  }
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0 && errno == ENOSYS) {
    if (options.cgroup_fd >= 0)
      return Error::from_errno(ENOSYS, "clone3, which is needed to start a process in a cgroup");
    pid = clone_legacy(args.flags, &pidfd);
  }
  if (pid < 0) return Error::from_errno(errno, "clone3");
  Process process;
  process.pid = static_cast<pid_t>(pid);
  if (pid > 0 && pidfd >= 0) process.pidfd = UniqueFd(pidfd);
  return process;
}

Result<int> reap(int pidfd) {
  siginfo_t info = {};
  int result = 0;
  do {
    result = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED);
  } while (result < 0 && errno == EINTR);
  if (result < 0 && errno == ECHILD)
    return Error::from_errno(ECHILD, "waitid").with_code(ErrorCode::NotFound);
  if (result < 0) return Error::from_errno(errno, "waitid");
  if (info.si_code == CLD_EXITED) return (info.si_status & 0xff) << 8;
  return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return strf("exited with status %d", WEXITSTATUS(status));
  return "killed by " + signal_name(WTERMSIG(status));
}

}  // namespace ambit::os
