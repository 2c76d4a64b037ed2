#include "monitor/exec.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "monitor/control.h"
#include "monitor/exec_place.h"
#include "monitor/footprint.h"
#include "monitor/poll_set.h"
#include "monitor/shown_code.h"
#include "monitor/signals.h"
#include "monitor/streams.h"
#include "monitor/wall_clock.h"
#include "os/file.h"
#include "os/process.h"
#include "sandbox/base_userns.h"
#include "sandbox/child.h"
#include "sandbox/enter.h"
#include "spec/exec_record.h"
#include "spec/exit_record.h"

namespace ambit::monitor {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

constexpr std::size_t kMaxSpecBytes = 16 << 20;
constexpr std::size_t kMaxFilterBytes = 1 << 20;
constexpr std::chrono::seconds kReadGrace{10};

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
      unlisten();
      control_.tell_all({.type = MonitorMessageType::Failed,
                         .code = started.error().code(),
                         .sys_errno = started.error().sys_errno(),
                         .text = started.error().message()});
      return started;
    }
    started_usec_ = wall_clock_usec();
    control_.tell_all({.type = MonitorMessageType::Started, .a = process_.pid, .b = started_usec_});
    shrink_footprint();
    reap();
    while (!code_) AMBIT_TRY(step());
    return finish();
  }

 private:
  using Clock = PollSet::Clock;

  // --- from the descriptors to the executed command ---

  Result<void> start() {
    AMBIT_TRY(descriptors_.require({"spec", "pidfd"}));
    // While /proc/self is ours: what joins a user namespace is not dumpable.
    if (descriptors_.has("run")) AMBIT_TRY(control_.listen(descriptors_.get("run")));
    const std::string text = AMBIT_TRY(os::read_all(descriptors_.get("spec"), kMaxSpecBytes));
    const spec::RuntimeSpec spec = AMBIT_TRY(spec::parse_runtime_spec(text));
    std::string filter;
    if (descriptors_.has("seccomp"))
      filter = AMBIT_TRY(os::read_all(descriptors_.get("seccomp"), kMaxFilterBytes));
    place_ = AMBIT_TRY(ExecPlace::enter(descriptors_.get("cgroup")));
    if (descriptors_.has("userns"))
      AMBIT_TRY(sandbox::enter_base_userns(descriptors_.get("userns")));
    AMBIT_TRY(open_streams(spec.process));
    const int preserved = AMBIT_TRY(descriptors_.hand_on(spec::kPreservedFd));
    child_ = AMBIT_TRY(sandbox::start_exec({.pidfd = descriptors_.get("pidfd"),
                                            .process = &spec.process,
                                            .user = spec.ambit.user,
                                            .stdio = stdio(),
                                            .seccomp = {.bpf = filter},
                                            .preserved_fds = preserved}));
    // The process has them now; a pipe that we held open would never end.
    for (const char* name : {"stdin", "stdout", "stderr"}) (void)descriptors_.take(name);
    descriptors_.close_all(spec::kPreservedFd);
    return {};
  }

  Result<void> open_streams(const spec::ProcessSpec& process) {
    if (!process.terminal) return {};
    // What further commands write is their clients' and not in the container's log.
    streams_.emplace(spec::MonitorSettings{.log_driver = "none"}, Streams::Form::Terminal);
    return streams_->open(descriptors_);
  }

  sandbox::Stdio stdio() const {
    return {.stdin_fd = descriptors_.get("stdin"),
            .stdout_fd = descriptors_.get("stdout"),
            .stderr_fd = descriptors_.get("stderr")};
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
    if (event->kind == sandbox::ChildEventKind::Ready)
      return event->console ? streams_->adopt_console(std::move(event->console)) : Result<void>();
    process_ = child_->take_process();
    child_.reset();
    return {};
  }

  // --- while it runs, whether or not anybody is there to be told ---

  Result<void> step() {
    polls_.clear();
    polls_.want(signal_fd_.get(), POLLIN);
    control_.prepare(polls_);
    if (streams_) streams_->prepare(polls_);
    AMBIT_TRY(polls_.wait());
    while (!take_signal(signal_fd_.get()).is_empty) continue;
    reap();
    if (streams_) streams_->dispatch(polls_);
    dispatch_control();
    return {};
  }

  void dispatch_control() {
    control_.dispatch(polls_, [this](Control::Peer& peer, const MonitorMessage& message) {
      on_message(peer, message);
    });
  }

  void on_message(Control::Peer& peer, const MonitorMessage& message) {
    switch (message.type) {
      case MonitorMessageType::Abort:
        is_abandoned_ = true;
        return;
      case MonitorMessageType::Kill:
        return send_signal(static_cast<int>(message.a));
      case MonitorMessageType::Resize:
        // One that comes too late, or to a command without a terminal, changes nothing.
        if (streams_)
          (void)streams_->resize(static_cast<unsigned short>(message.a),
                                 static_cast<unsigned short>(message.b));
        return;
      case MonitorMessageType::Hello:
        peer.subscribe();
        return peer.send({.type = MonitorMessageType::State,
                          .a = started_usec_ == 0 ? 0 : process_.pid,
                          .b = started_usec_,
                          .text = started_usec_ == 0 ? "starting" : "running"});
      default:
        return;
    }
  }

  void send_signal(int signal) {
    if (!process_.pidfd || code_) return;
    if (signal == SIGKILL)
      place_.kill(process_);
    else
      (void)os::send_signal(process_.pidfd.get(), signal);
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

  // --- from its end to the last word: whoever hears of it finds the output read and the record ---

  Result<void> finish() {
    if (streams_) AMBIT_TRY(read_terminal());
    const std::int64_t now = wall_clock_usec();
    write_records(now);
    unlisten();
    control_.tell_all({.type = MonitorMessageType::Exited, .a = *code_, .b = now, .text = reason_});
    return {};
  }

  Result<void> read_terminal() {
    streams_->begin_drain();
    const Clock::time_point limit = Clock::now() + kReadGrace;
    while (!streams_->is_read() && Clock::now() < limit) AMBIT_TRY(step());
    streams_->begin_delivery();
    while (!streams_->is_delivered(Clock::now())) AMBIT_TRY(step());
    return {};
  }

  // For a later ambitd. The folder may have gone with the container.
  void write_records(std::int64_t now) {
    if (!descriptors_.has("run")) return;
    const int run = descriptors_.get("run");
    (void)os::write_file_atomic(run, spec::kExitRecordName,
                                spec::write_exit_record({.started_usec = started_usec_,
                                                         .exited_usec = now,
                                                         .exit_code = *code_,
                                                         .reason = reason_}),
                                os::Durability::Crash);
  }

  void unlisten() {
    if (descriptors_.has("run")) control_.unlisten(descriptors_.get("run"));
  }

  Descriptors descriptors_;
  UniqueFd signal_fd_;
  Control control_;
  PollSet polls_;
  ExecPlace place_;
  std::optional<Streams> streams_;       // of one with a terminal
  std::optional<sandbox::Child> child_;  // until it has executed
  os::Process process_;                  // from then on
  bool is_abandoned_ = false;
  std::int64_t started_usec_ = 0;
  std::optional<int> code_;
  std::string reason_;
};

}  // namespace

Result<void> run_exec(Descriptors descriptors, UniqueFd signal_fd) {
  return ExecSession(std::move(descriptors), std::move(signal_fd)).run();
}

}  // namespace ambit::monitor
