#include "monitor/exec.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "monitor/control.h"
#include "monitor/footprint.h"
#include "monitor/poll_set.h"
#include "monitor/shown_code.h"
#include "monitor/signals.h"
#include "monitor/wall_clock.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/process.h"
#include "sandbox/base_userns.h"
#include "sandbox/child.h"
#include "sandbox/enter.h"

namespace ambit::monitor {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

constexpr std::size_t kMaxSpecBytes = 16 << 20;
constexpr std::size_t kMaxFilterBytes = 1 << 20;
constexpr char kSupervisor[] = "supervisor";

class ExecSession {
 public:
  ExecSession(Descriptors descriptors, UniqueFd signal_fd)
      : descriptors_(std::move(descriptors)),
        signal_fd_(std::move(signal_fd)),
        control_(descriptors_.take("control")) {}

  Result<void> run() {
    Result<void> started = start();
    if (started) started = wait_until_executed();
    if (!started) {
      child_.reset();
      control_.tell_all({.type = MonitorMessageType::Failed,
                         .code = started.error().code(),
                         .sys_errno = started.error().sys_errno(),
                         .text = started.error().message()});
      return started;
    }
    control_.tell_all(
        {.type = MonitorMessageType::Started, .a = process_.pid, .b = wall_clock_usec()});
    shrink_footprint();
    return wait_until_ended();
  }

 private:
  Result<void> start() {
    AMBIT_TRY(descriptors_.require({"spec", "pidfd"}));
    const std::string text = AMBIT_TRY(os::read_all(descriptors_.get("spec"), kMaxSpecBytes));
    const spec::RuntimeSpec spec = AMBIT_TRY(spec::parse_runtime_spec(text));
    std::string filter;
    if (descriptors_.has("seccomp"))
      filter = AMBIT_TRY(os::read_all(descriptors_.get("seccomp"), kMaxFilterBytes));
    AMBIT_TRY(enter_supervisor());
    if (descriptors_.has("userns"))
      AMBIT_TRY(sandbox::enter_base_userns(descriptors_.get("userns")));
    child_ = AMBIT_TRY(sandbox::start_exec({.pidfd = descriptors_.get("pidfd"),
                                            .process = &spec.process,
                                            .user = spec.ambit.user,
                                            .stdio = {.stdin_fd = descriptors_.get("stdin"),
                                                      .stdout_fd = descriptors_.get("stdout"),
                                                      .stderr_fd = descriptors_.get("stderr")},
                                            .seccomp = {.bpf = filter}}));
    // The process has them now; a pipe that we held open would never end.
    for (const char* name : {"stdin", "stdout", "stderr"}) (void)descriptors_.take(name);
    return {};
  }

  Result<void> enter_supervisor() {
    if (!descriptors_.has("cgroup")) return {};
    UniqueFd supervisor = AMBIT_TRY(os::make_child_cgroup(descriptors_.get("cgroup"), kSupervisor));
    return os::move_to_cgroup(supervisor.get(), ::getpid()).context("moving to supervisor");
  }

  Result<void> wait_until_executed() {
    while (child_) {
      polls_.clear();
      polls_.want(child_->event_fd(), POLLIN);
      control_.prepare(polls_);
      AMBIT_TRY(polls_.wait());
      if (polls_.ready(child_->event_fd()) != 0) AMBIT_TRY(take_child_event());
      dispatch_control();
      if (child_ && (!control_.has_first() || is_abandoned_))
        return Error(ErrorCode::NotRunning, "given up before the command ran");
    }
    return {};
  }

  Result<void> take_child_event() {
    auto event = child_->next_event();
    if (!event && event.error().code() == ErrorCode::Busy) return {};
    if (!event) return std::move(event).error();
    if (event->kind == sandbox::ChildEventKind::Failed) return std::move(event->error);
    if (event->kind == sandbox::ChildEventKind::Ready) return {};
    process_ = child_->take_process();
    child_.reset();
    return {};
  }

  // Whether or not anybody is there to be told.
  Result<void> wait_until_ended() {
    reap();
    while (!code_) {
      polls_.clear();
      polls_.want(signal_fd_.get(), POLLIN);
      control_.prepare(polls_);
      AMBIT_TRY(polls_.wait());
      while (!take_signal(signal_fd_.get()).is_empty) continue;
      reap();
      dispatch_control();
    }
    control_.tell_all(
        {.type = MonitorMessageType::Exited, .a = *code_, .b = wall_clock_usec(), .text = reason_});
    return {};
  }

  void dispatch_control() {
    control_.dispatch(polls_, [this](Control::Peer&, const MonitorMessage& message) {
      if (message.type == MonitorMessageType::Abort) is_abandoned_ = true;
      if (message.type == MonitorMessageType::Kill && process_.pidfd)
        (void)os::send_signal(process_.pidfd.get(), static_cast<int>(message.a));
    });
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) != 0;) {
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return;
      if (pid != process_.pid) continue;
      code_ = shown_code(status);
      reason_ = WIFSIGNALED(status) ? "signal" : "exited";
    }
  }

  Descriptors descriptors_;
  UniqueFd signal_fd_;
  Control control_;
  PollSet polls_;
  std::optional<sandbox::Child> child_;
  os::Process process_;
  bool is_abandoned_ = false;
  std::optional<int> code_;
  std::string reason_;
};

}  // namespace

Result<void> run_exec(Descriptors descriptors, UniqueFd signal_fd) {
  return ExecSession(std::move(descriptors), std::move(signal_fd)).run();
}

}  // namespace ambit::monitor
