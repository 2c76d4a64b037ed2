#include "sandbox/hooks.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>

#include "base/strings.h"
#include "os/clone.h"
#include "os/file.h"
#include "sandbox/process.h"

namespace ambit::sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kExecFailed = 126;

struct Arguments {
  explicit Arguments(const spec::Hook& hook) {
    if (hook.args.empty()) args.push_back(const_cast<char*>(hook.path.c_str()));
    for (const std::string& arg : hook.args) args.push_back(const_cast<char*>(arg.c_str()));
    for (const std::string& variable : hook.env) env.push_back(const_cast<char*>(variable.c_str()));
    args.push_back(nullptr);
    env.push_back(nullptr);
  }
  std::vector<char*> args;
  std::vector<char*> env;
};

// The errno of what failed goes through the pipe, which execve closes.
[[noreturn]] void execute_hook(const spec::Hook& hook, int stdin_fd, int report_fd,
                               const Confine& confine) {
  Arguments arguments(hook);
  // In a container the runtime may die with its parent; a hook has its own end.
  (void)::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  const auto reset = reset_signals();
  int err = reset ? 0 : reset.error().sys_errno();
  if (err == 0 && ::dup2(stdin_fd, STDIN_FILENO) < 0) err = errno;
  if (err == 0 && ::syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
    err = errno;
  if (err == 0 && confine)
    if (const auto confined = confine(); !confined) err = EPERM;
  if (err == 0) {
    // In the container the runtime's own would tell the container's program of the caller.
    const bool inherits = hook.env.empty() && !confine;
    (void)::execve(hook.path.c_str(), arguments.args.data(),
                   inherits ? environ : arguments.env.data());
    err = errno;
  }
  (void)!::write(report_fd, &err, sizeof err);
  ::_exit(kExecFailed);
}

Result<void> wait_until(int pidfd, const spec::Hook& hook) {
  const auto end = Clock::now() + std::chrono::seconds(hook.timeout_secs.value_or(0));
  pollfd poll_fd = {.fd = pidfd, .events = POLLIN, .revents = 0};
  for (;;) {
    int wait_ms = -1;
    if (hook.timeout_secs) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
      if (left.count() <= 0)
        return Error(ErrorCode::Timeout, strf("not done after %u s", *hook.timeout_secs));
      wait_ms = static_cast<int>(std::min<long long>(left.count() + 1, INT_MAX));
    }
    const int ready = ::poll(&poll_fd, 1, wait_ms);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "poll");
  }
}

Result<void> run_hook(const spec::Hook& hook, const std::string& state, const Confine& confine) {
  // A file that is written already: no reader is too slow for it.
  const UniqueFd input = AMBIT_TRY(os::sealed_memfd("state", state));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  UniqueFd report(ends[0]);
  UniqueFd report_end(ends[1]);
  const os::Process process = AMBIT_TRY(os::clone_process({}));
  if (process.pid == 0) execute_hook(hook, input.get(), report_end.get(), confine);
  report_end.reset();

  const auto in_time = wait_until(process.pidfd.get(), hook);
  if (!in_time) (void)os::send_signal(process.pidfd.get(), SIGKILL);
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  AMBIT_TRY(in_time);
  int err = 0;
  if (::read(report.get(), &err, sizeof err) == sizeof err) return Error::from_errno(err, "execve");
  if (status != 0) return Error(ErrorCode::Io, os::describe_wait_status(status));
  return {};
}

Result<void> run_named(const spec::Hook& hook, std::string_view kind, const std::string& state,
                       const Confine& confine = {}) {
  return run_hook(hook, state, confine)
      .context("error running hook: " + std::string(kind) + " " + hook.path);
}

}  // namespace

Result<void> run_hooks(const std::vector<spec::Hook>& hooks, std::string_view kind,
                       const std::string& state, const Confine& confine) {
  for (const spec::Hook& hook : hooks) AMBIT_TRY(run_named(hook, kind, state, confine));
  return {};
}

Result<void> run_all_hooks(const std::vector<spec::Hook>& hooks, std::string_view kind,
                           const std::string& state) {
  Result<void> first;
  for (const spec::Hook& hook : hooks) {
    auto done = run_named(hook, kind, state);
    if (!done && first) first = std::move(done);
  }
  return first;
}

}  // namespace ambit::sandbox
