// ambit-init: PID 1 of a container with --init. Runs the command as its child, passes signals on to
// it, reaps whatever ends, and exits with the command's code.
//
//   ambit-init SOCKET PATH ARG0 ARG1 ...
//
// SOCKET is the number of a descriptor for the report of an execve that failed; those below it are
// the command's.
//
// Linked statically and executed inside the container, after all isolation: seccomp, capabilities
// and no_new_privs apply to it as to the command. Uses no C++ library, to stay small.

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kFailed = 125;

// ChildMessage of channel.h with the word ExecFailed.
struct Report {
  std::uint32_t word = 4;
  std::int32_t code = 0;
  std::int32_t number = 0;
  char path[PATH_MAX] = {};
};

void report_failure(int socket, int err, const char* path) {
  Report report;
  report.number = err;
  const std::size_t length = ::strnlen(path, sizeof report.path);
  std::memcpy(report.path, path, length);
  (void)::send(socket, &report, offsetof(Report, path) + length, MSG_NOSIGNAL);
}

// A process group of its own, in front where there is a terminal: ^C then reaches the command once,
// and not a second time through us.
void take_foreground() {
  (void)::setpgid(0, 0);
  (void)::signal(SIGTTOU, SIG_IGN);
  (void)::tcsetpgrp(STDIN_FILENO, ::getpid());  // ENOTTY without a terminal
  (void)::signal(SIGTTOU, SIG_DFL);
}

[[noreturn]] void run_command(int socket, const sigset_t& mask, char** argv, char** env) {
  take_foreground();
  (void)::sigprocmask(SIG_SETMASK, &mask, nullptr);
  (void)::fcntl(socket, F_SETFD, FD_CLOEXEC);
  (void)::execve(argv[2], argv + 3, env);
  report_failure(socket, errno, argv[2]);
  ::_exit(kFailed);
}

// The streams are the command's: held open here, a reader would never see their end.
void let_go_of_descriptors() {
  (void)::syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (null < 0 || ::dup2(null, fd) < 0) (void)::close(fd);
  if (null > STDERR_FILENO) (void)::close(null);
}

// Reaps all that has ended. The exit code once the command is among it, else -1.
int reap(pid_t command) {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != command) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return -1;
}

}  // namespace

int main(int argc, char** argv, char** env) {
  if (argc < 4) return kFailed;
  const int socket = std::atoi(argv[1]);
  (void)::prctl(PR_SET_NAME, "ambit-init", 0, 0, 0);
  // No other process of the container looks into it, as it may into a sibling.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  if (::sigprocmask(SIG_SETMASK, &all, &before) < 0) return kFailed;
  const pid_t command = ::fork();
  if (command < 0) {
    report_failure(socket, errno, argv[2]);
    return kFailed;
  }
  if (command == 0) run_command(socket, before, argv, env);
  let_go_of_descriptors();

  while (true) {
    siginfo_t info;
    const int signal = ::sigwaitinfo(&all, &info);
    if (signal == SIGCHLD) {
      if (const int code = reap(command); code >= 0) return code;
    } else if (signal > 0) {
      (void)::kill(command, signal);
    }
  }
}
