#include "engine/run.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "os/cgroup.h"

namespace ambit::engine {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

// How often a cgroup that was killed is looked at until it is empty; SIGKILL takes effect within
// one or two of these.
constexpr std::chrono::milliseconds kEmptyCheck{2};

std::string describe_exit(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return strf("ambit-monitor exited with %d", info.si_status);
  return strf("ambit-monitor was ended by signal %d", info.si_status);
}

// The cgroup of the scope that a container's PID 1 is in; "" where it is gone.
std::string scope_of(pid_t main_pid) {
  auto group = os::cgroup_of(main_pid);
  const std::size_t end = group ? group->rfind("/payload") : std::string::npos;
  return end == std::string::npos ? "" : group->substr(0, end);
}

}  // namespace

Result<std::unique_ptr<Run>> Run::start(bus::EventLoop& loop, os::Process monitor, UniqueFd control,
                                        const StartScope& start_scope, Events events) {
  std::unique_ptr<Run> run(new Run(loop, std::move(events)));
  Run* self = run.get();
  run->monitor_ = std::move(monitor);
  AMBIT_TRY(run->listen(std::move(control)));
  run->on_monitor_exit_ =
      AMBIT_TRY(loop.on_child(run->monitor_.pidfd.get(), [self](const siginfo_t& info) {
        self->monitor_gone_ = true;
        // What it has said of it may still be in the socket.
        self->monitor_exit_ = describe_exit(info);
        self->end_if_over();
      }));
  run->scope_pending_ = true;
  start_scope(run->monitor_.pid,
              [self](Result<std::string> group) { self->on_scope(std::move(group)); });
  return run;
}

Result<std::unique_ptr<Run>> Run::adopt(bus::EventLoop& loop, UniqueFd socket,
                                        const std::string& control_group, Adopted adopted,
                                        Events events) {
  std::unique_ptr<Run> run(new Run(loop, std::move(events)));
  run->control_group_ = control_group;
  if (adopted == Adopted::Running) run->phase_ = Phase::Running;
  run->monitor_gone_ = true;  // nothing of it to reap: the end of its socket is its end
  AMBIT_TRY(run->listen(std::move(socket)));
  AMBIT_TRY(run->link_->send({.type = MonitorMessageType::Hello}));
  return run;
}

std::unique_ptr<Run> Run::adopt_deaf(bus::EventLoop& loop, const std::string& control_group,
                                     Events events) {
  std::unique_ptr<Run> run(new Run(loop, std::move(events)));
  run->control_group_ = control_group;
  run->phase_ = Phase::Running;
  run->monitor_gone_ = true;
  run->is_deaf_ = true;
  return run;
}

void Run::connect(Result<UniqueFd> socket) {
  is_deaf_ = false;
  auto heard = socket ? listen(*std::move(socket)) : Result<void>(socket.error());
  if (heard) heard = tell({.type = MonitorMessageType::Hello});
  for (const MonitorMessage& message : std::exchange(untold_, {}))
    if (heard) heard = tell(message);
  if (!heard) on_link_closed();
}

Result<void> Run::tell(const MonitorMessage& message) {
  if (link_) return link_->send(message);
  if (!is_deaf_) return Error(ErrorCode::NotRunning, "its monitor has ended");
  untold_.push_back(message);
  return {};
}

std::unique_ptr<Run> Run::bury(bus::EventLoop& loop, const std::string& control_group,
                               Buried buried, Events events) {
  std::unique_ptr<Run> run(new Run(loop, std::move(events)));
  run->control_group_ = control_group;
  run->phase_ = buried == Buried::HadStarted ? Phase::Running : Phase::Starting;
  run->error_ = Error(ErrorCode::Internal, "ambitd and the monitor ended during the start");
  run->monitor_gone_ = true;
  run->link_closed_ = true;
  run->await_empty_cgroup_later();
  return run;
}

Result<void> Run::listen(UniqueFd socket) {
  link_ = AMBIT_TRY(MonitorLink::create(
      loop_, std::move(socket),
      [this](const MonitorMessage& message, std::vector<UniqueFd> fds) {
        on_message(message, std::move(fds));
      },
      [this] { on_link_closed(); }));
  return {};
}

void Run::on_message(const MonitorMessage& message, std::vector<UniqueFd> fds) {
  switch (message.type) {
    case MonitorMessageType::Ready:
      child_ready_ = true;
      return go_if_ready();
    case MonitorMessageType::Started:
      return on_started(message);
    case MonitorMessageType::State:
      if (message.a > 0) on_started(message);
      if (message.text == "stopping") events_.stopping();
      return;
    case MonitorMessageType::Failed:
      // Its process is about to end; the scope may still be on its way.
      if (!error_) error_ = Error(message.code, message.text);
      return;
    case MonitorMessageType::Notified:
      return events_.notified(message.text);
    case MonitorMessageType::OomKilled:
      return events_.oom_killed();
    case MonitorMessageType::Stopping:
      return events_.stopping();
    case MonitorMessageType::Exited:
      end_ = RunEnd{.known = true,
                    .exit_code = static_cast<int>(message.a),
                    .exited_usec = message.b,
                    .reason = message.text};
      return;
    case MonitorMessageType::Attached:
      return answer_attach(std::move(fds));
    case MonitorMessageType::Refused:
      return answer_attach(Error(message.code, message.text));
    default:
      return;  // of a newer monitor, and not for us
  }
}

void Run::on_started(const MonitorMessage& message) {
  if (phase_ != Phase::Starting) return;
  phase_ = Phase::Running;
  // Adopted from an ambitd that ended before it could record the scope.
  if (control_group_.empty()) control_group_ = scope_of(static_cast<pid_t>(message.a));
  events_.started(static_cast<pid_t>(message.a), message.b);
}

void Run::on_scope(Result<std::string> control_group) {
  scope_pending_ = false;
  if (!control_group) {
    fail(std::move(control_group).error());
  } else {
    control_group_ = *std::move(control_group);
    go_if_ready();
  }
  end_if_over();
}

void Run::go_if_ready() {
  if (!child_ready_ || control_group_.empty() || error_ || !monitor_exit_.empty()) return;
  child_ready_ = false;
  if (auto sent = link_->send({.type = MonitorMessageType::Go, .text = control_group_}); !sent)
    fail(std::move(sent).error());
}

// The monitor takes down what there is; its end ends the run.
void Run::fail(Error error) {
  if (!error_) error_ = std::move(error);
  if (link_) (void)link_->send({.type = MonitorMessageType::Abort});
}

void Run::on_link_closed() {
  link_closed_ = true;
  while (!attach_answers_.empty())
    answer_attach(Error(ErrorCode::NotRunning, "the container has ended"));
  end_if_over();
}

void Run::end_if_over() {
  if (!link_closed_ || !monitor_gone_ || scope_pending_ || phase_ == Phase::Over) return;
  // A monitor that said goodbye has emptied the cgroup; one that was killed has not.
  if ((end_ && !monitor_killed_) || control_group_.empty()) return report_end();
  await_empty_cgroup();
}

void Run::await_empty_cgroup() {
  // An empty path would name the root of all.
  auto cgroup = control_group_.empty() ? Result<UniqueFd>(Error(ErrorCode::NotFound, "no cgroup"))
                                       : os::open_cgroup(control_group_);
  if (!cgroup) return report_end();  // gone, and so is everything in it
  (void)os::kill_cgroup(cgroup->get());
  const auto populated = os::is_populated(cgroup->get());
  if (!populated || !*populated) return report_end();
  await_empty_cgroup_later();
}

void Run::await_empty_cgroup_later() {
  auto timer = loop_.on_timer(kEmptyCheck, [this] { await_empty_cgroup(); });
  if (!timer) return report_end();
  empty_check_ = *std::move(timer);
}

void Run::report_end() {
  const Phase phase = std::exchange(phase_, Phase::Over);
  if (phase == Phase::Starting && !end_) {
    const char* const silent = "ambit-monitor ended without a word";
    events_.failed(
        error_ ? *std::move(error_)
               : Error(ErrorCode::Internal, monitor_exit_.empty() ? silent : monitor_exit_));
    return;
  }
  events_.ended(end_ ? *std::move(end_) : RunEnd{});
}

void Run::stop(std::uint64_t timeout_usec) {
  if (phase_ == Phase::Starting) {
    fail(Error(ErrorCode::NotRunning, "stopped while it was starting"));
    return;
  }
  const std::int64_t timeout =
      timeout_usec > INT64_MAX ? -1 : static_cast<std::int64_t>(timeout_usec);
  // A monitor that can't be told is one that has ended.
  (void)tell({.type = MonitorMessageType::Stop, .a = timeout});
}

Result<void> Run::check_running() const {
  if (phase_ == Phase::Running && (link_ || is_deaf_)) return {};
  return Error(ErrorCode::NotRunning, "the container does not run");
}

Result<void> Run::kill(int signal) {
  AMBIT_TRY(check_running());
  return tell({.type = MonitorMessageType::Kill, .a = signal});
}

void Run::kill_with_monitor() {
  monitor_killed_ = true;
  if (!end_)
    end_ = RunEnd{
        .known = true, .exit_code = 128 + SIGKILL, .exited_usec = now_usec(), .reason = "signal"};
  if (auto cgroup = os::open_cgroup(control_group_)) (void)os::kill_cgroup(cgroup->get());
}

Result<void> Run::resize(unsigned rows, unsigned columns) {
  AMBIT_TRY(check_running());
  return tell({.type = MonitorMessageType::Resize, .a = rows, .b = columns});
}

void Run::attach(const std::vector<std::string>& streams, AttachDone done) {
  auto sent = check_running();
  if (sent) sent = tell({.type = MonitorMessageType::Attach, .text = join(streams, " ")});
  if (!sent) return done(std::move(sent).error());
  attach_answers_.push_back(std::move(done));
}

void Run::answer_attach(Result<std::vector<UniqueFd>> answer) {
  if (attach_answers_.empty()) return;
  const AttachDone done = std::move(attach_answers_.front());
  attach_answers_.pop_front();
  done(std::move(answer));
}

}  // namespace ambit::engine
