#include "monitor/monitor.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "base/signals.h"
#include "base/strings.h"
#include "monitor/footprint.h"
#include "monitor/lifecycle.h"
#include "monitor/signals.h"
#include "monitor/wall_clock.h"

namespace ambit::monitor {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

// After this long without anything to do, memory goes back.
constexpr std::chrono::seconds kIdleAfter{2};

MonitorMessage refused(const Error& error) {
  return {.type = MonitorMessageType::Refused,
          .code = error.code(),
          .sys_errno = error.sys_errno(),
          .text = error.message()};
}

MonitorMessage notified(const spec::NotifyMessage& said) {
  return {.type = MonitorMessageType::Notified, .text = spec::write_notify_message(said)};
}

}  // namespace

Monitor::Monitor(spec::MonitorSettings settings, Descriptors descriptors, UniqueFd signal_fd)
    : settings_(std::move(settings)),
      descriptors_(std::move(descriptors)),
      signal_fd_(std::move(signal_fd)),
      control_(descriptors_.take("control")),
      stop_(settings_.stop_signal, settings_.stop_timeout_usec) {}

Result<void> Monitor::run() {
  AMBIT_TRY(start());
  AMBIT_TRY(supervise());
  return finish();
}

Result<void> Monitor::supervise() {
  reap();  // what ended while SIGCHLD was still the child's own business
  while (!exit_) AMBIT_TRY(step());
  return {};
}

// One round: whatever there is to do for streams, signals, timers and those who command us.
Result<void> Monitor::step() {
  streams_->prepare(polls_);
  control_.prepare(polls_);
  notify_.prepare(polls_);
  polls_.want(signal_fd_.get(), POLLIN);
  polls_.want(payload_.memory_events_fd(), POLLPRI);
  polls_.wake_at(stop_.deadline());
  const bool was_idle = is_idle_;
  if (!is_idle_) polls_.wake_at(Clock::now() + kIdleAfter);
  const Clock::time_point before = Clock::now();
  AMBIT_TRY(polls_.wait());

  if (polls_.ready(signal_fd_.get()) != 0) on_signals();
  if (polls_.ready(payload_.memory_events_fd()) != 0) tell_oom_kills();
  streams_->dispatch(polls_);
  control_.dispatch(polls_, [this](Control::Peer& peer, const MonitorMessage& message) {
    on_message(peer, message);
  });
  notify_.dispatch(polls_, Clock::now());
  if (const auto said = notify_.take(Clock::now())) control_.tell_all(notified(*said));
  if (stop_.take_expiry(Clock::now())) end_patience();
  is_idle_ = Clock::now() - before >= kIdleAfter;
  if (is_idle_ && !was_idle) {
    release_read_buffer();
    shrink_footprint();
  }
  polls_.clear();
  return {};
}

void Monitor::on_message(Control::Peer& peer, const MonitorMessage& message) {
  switch (message.type) {
    case MonitorMessageType::Go:
      scope_ = message.text;
      return;
    case MonitorMessageType::Abort:
      is_abandoned_ = true;
      return;
    case MonitorMessageType::Stop:
      return begin_stop(message.a);
    case MonitorMessageType::Kill:
      return send_signal(static_cast<int>(message.a));
    case MonitorMessageType::Attach:
      return on_attach(peer, message);
    case MonitorMessageType::Resize:
      if (const auto resized = streams_->resize(static_cast<unsigned short>(message.a),
                                                static_cast<unsigned short>(message.b));
          !resized)
        peer.send(refused(resized.error()));
      return;
    case MonitorMessageType::Hello:
      peer.subscribe();
      peer.send(state());
      if (told_oom_kills_ > 0) peer.send({.type = MonitorMessageType::OomKilled});
      if (!notify_.lasting().empty()) peer.send(notified(notify_.lasting()));
      return;
    case MonitorMessageType::SetStop:
      return stop_.change(static_cast<int>(message.a), message.b);
    default:
      return peer.send(refused(Error(ErrorCode::InvalidArgument, "not a request")));
  }
}

void Monitor::on_attach(Control::Peer& peer, const MonitorMessage& message) {
  if (phase_ != Phase::Running)
    return peer.send(refused(Error(ErrorCode::NotRunning, "the container does not run")));
  const auto ends = streams_->attach(message.text);
  if (!ends) return peer.send(refused(ends.error()));
  std::vector<int> numbers;
  for (const UniqueFd& end : *ends) numbers.push_back(end.get());
  peer.send({.type = MonitorMessageType::Attached}, numbers);
}

void Monitor::on_signals() {
  for (TakenSignal taken = take_signal(signal_fd_.get()); !taken.is_empty;
       taken = take_signal(signal_fd_.get())) {
    if (taken.meaning == SignalMeaning::Stop) {
      note_time_up();
      begin_stop(-1);
    }
    // Before the command is executed, sandbox reaps its child.
    if (taken.meaning == SignalMeaning::Child && phase_ != Phase::Starting) reap();
  }
}

// Every child, also those that were reparented to us: a container without a PID namespace of its
// own leaves orphans.
void Monitor::reap() {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) != 0;) {
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return;
    if (pid == process_.pid) exit_ = Exit{.wait_status = status, .usec = wall_clock_usec()};
  }
}

void Monitor::begin_stop(std::int64_t timeout_usec) {
  if (phase_ == Phase::Starting) {
    is_abandoned_ = true;
    return;
  }
  if (exit_ || !stop_.begin(timeout_usec, Clock::now())) return;
  control_.tell_all({.type = MonitorMessageType::Stopping});
  streams_->tell(stopping_record(settings_, stop_.signal()));
  send_signal(stop_.signal());
  // As systemd does: a process that is stopped (SIGSTOP) takes the signal only when it continues.
  if (stop_.signal() != SIGKILL) send_signal(SIGCONT);
}

// systemd tells of the end of RuntimeMaxUSec as of any stop. Its clock starts when the scope is
// made, which is after we were, so a stop at that time can't be taken for another.
void Monitor::note_time_up() {
  const std::uint64_t limit = settings_.runtime_max_usec;
  if (limit == 0 || phase_ != Phase::Running || exit_ || stop_.has_begun()) return;
  const auto age =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - spawned_).count();
  if (static_cast<std::uint64_t>(age) < limit) return;
  is_time_up_ = true;
  streams_->note(5, strf("the container's time of %.6g s is up; it is stopped",
                         static_cast<double>(limit) / 1e6));
}

void Monitor::end_patience() {
  streams_->note(4, strf("PID 1 has not ended on %s in time and is killed. If it does not handle "
                         "the signal, consider --init or --stop-signal",
                         signal_name(stop_.signal()).c_str()));
  send_signal(SIGKILL);
}

void Monitor::send_signal(int signal) {
  if (exit_ || phase_ == Phase::Starting) return;
  const Result<void> sent = signal == SIGKILL && payload_.exists()
                                ? payload_.kill()
                                : os::send_signal(process_.pidfd.get(), signal);
  // One that has just gone is not news: its SIGCHLD is.
  if (!sent && sent.error().sys_errno() != ESRCH)
    log(LogLevel::Error, "%s: %s", settings_.name.c_str(), sent.error().message().c_str());
}

// At once: a container may go on for long without the process that it has lost. Counts that rise
// for another reason (memory.high) wake us, too.
void Monitor::tell_oom_kills() {
  const long long kills = payload_.oom_kills();
  if (kills <= told_oom_kills_) return;
  told_oom_kills_ = kills;
  streams_->tell(oom_record(settings_));
  control_.tell_all({.type = MonitorMessageType::OomKilled});
}

MonitorMessage Monitor::state() const {
  const char* text = phase_ == Phase::Starting ? "starting"
                     : stop_.has_begun()       ? "stopping"
                                               : "running";
  return {.type = MonitorMessageType::State,
          .a = phase_ == Phase::Starting ? 0 : process_.pid,
          .b = started_usec_,
          .text = text};
}

}  // namespace ambit::monitor
