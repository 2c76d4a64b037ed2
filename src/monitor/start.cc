#include <string>
#include <utility>

#include "monitor/footprint.h"
#include "monitor/join_pod.h"
#include "monitor/lifecycle.h"
#include "monitor/monitor.h"
#include "monitor/wall_clock.h"
#include "os/file.h"
#include "sandbox/base_userns.h"
#include "sandbox/namespaces.h"

// From the descriptors to the executed command.
namespace ambit::monitor {
namespace {

constexpr std::size_t kMaxSpecBytes = 16 << 20;
constexpr std::size_t kMaxFilterBytes = 1 << 20;

spec::MonitorMessage failed(const Error& error) {
  return {.type = spec::MonitorMessageType::Failed,
          .code = error.code(),
          .sys_errno = error.sys_errno(),
          .text = error.message()};
}

}  // namespace

Result<void> Monitor::start() {
  Result<void> result = start_child();
  if (result) result = wait_until_executed();
  if (result) {
    started_usec_ = wall_clock_usec();
    phase_ = Phase::Running;
    streams_->tell(started_record(settings_, process_.pid));
    shrink_footprint();
    control_.tell_all(
        {.type = spec::MonitorMessageType::Started, .a = process_.pid, .b = started_usec_});
    return {};
  }
  give_up();
  control_.tell_all(failed(result.error()));
  return result;
}

Result<void> Monitor::start_child() {
  AMBIT_TRY(descriptors_.require({"spec", "run", "data"}));
  // While /proc/self is ours: what joins a user namespace is not dumpable.
  AMBIT_TRY(control_.listen(descriptors_.get("run")));
  if (settings_.notify) notify_ = AMBIT_TRY(NotifySocket::open(descriptors_.get("run")));
  const std::string text = AMBIT_TRY(os::read_all(descriptors_.get("spec"), kMaxSpecBytes));
  const spec::RuntimeSpec spec = AMBIT_TRY(spec::parse_runtime_spec(text));
  std::string filter;
  if (descriptors_.has("seccomp"))
    filter = AMBIT_TRY(os::read_all(descriptors_.get("seccomp"), kMaxFilterBytes));
  if (descriptors_.has("userns")) AMBIT_TRY(sandbox::enter_base_userns(descriptors_.get("userns")));

  owns_pids_ = sandbox::has_new_namespace(spec, spec::NamespaceType::Pid);
  streams_.emplace(settings_, !spec.process.terminal ? Streams::Form::Pipes
                              : settings_.console    ? Streams::Form::Console
                                                     : Streams::Form::Terminal);
  AMBIT_TRY(streams_->open(descriptors_));
  const int sockets = AMBIT_TRY(descriptors_.hand_on("listen"));
  PodGifts pod;
  if (descriptors_.has("pod")) pod = AMBIT_TRY(receive_from_pod(descriptors_.take("pod")));
  sandbox::StartOptions options;
  options.spec = &spec;
  options.stdio = streams_->container_ends();
  options.seccomp.bpf = filter;
  options.preserved_fds = sockets;
  options.given = pod.by_name;
  child_ = AMBIT_TRY(sandbox::Child::start(options));
  return {};
}

// Go may come before the child is ready: ambitd asks systemd for the scope meanwhile.
Result<void> Monitor::wait_until_executed() {
  while (child_) {
    polls_.clear();
    polls_.want(child_->event_fd(), POLLIN);
    polls_.want(signal_fd_.get(), POLLIN);
    control_.prepare(polls_);
    AMBIT_TRY(polls_.wait());
    // The child first: a start that has succeeded can't be abandoned any more.
    if (polls_.ready(child_->event_fd()) != 0) AMBIT_TRY(take_child_event());
    if (!child_) break;
    on_signals();
    control_.dispatch(polls_, [this](Control::Peer& peer, const spec::MonitorMessage& message) {
      on_message(peer, message);
    });
    if (!control_.has_first()) is_abandoned_ = true;
    if (is_abandoned_) return Error(ErrorCode::NotRunning, "given up before the command ran");
    if (scope_ && is_ready_ && !is_placed_) AMBIT_TRY(place_and_go(*scope_));
  }
  return {};
}

Result<void> Monitor::take_child_event() {
  auto event = child_->next_event();
  if (!event && event.error().code() == ErrorCode::Busy) return {};
  if (!event) return std::move(event).error();
  switch (event->kind) {
    case sandbox::ChildEventKind::Ready:
      if (event->console) AMBIT_TRY(streams_->adopt_console(std::move(event->console)));
      is_ready_ = true;
      control_.tell_all({.type = spec::MonitorMessageType::Ready});
      return {};
    case sandbox::ChildEventKind::Executed:
      process_ = child_->take_process();
      child_.reset();
      streams_->close_container_ends();
      descriptors_.close_all("listen");
      return {};
    case sandbox::ChildEventKind::Failed:
      break;
    case sandbox::ChildEventKind::Mounted:
    case sandbox::ChildEventKind::Created:
      return Error(ErrorCode::Internal, "an event of hooks or of a deferred start");
  }
  return std::move(event->error);
}

// Only here does the monitor enter its final cgroup, and only after it does the container run: all
// of its output is the unit's in the journal.
Result<void> Monitor::place_and_go(const std::string& scope) {
  payload_ = AMBIT_TRY(Payload::place(scope, child_->pid()));
  if (settings_.delegate) payload_.delegate();
  is_placed_ = true;
  if (settings_.oom_group) AMBIT_TRY(payload_.die_together());
  return child_->go();
}

// Nothing is left behind: neither process nor cgroup nor socket.
void Monitor::give_up() {
  child_.reset();
  (void)payload_.kill();
  (void)payload_.remove();
  control_.unlisten(descriptors_.get("run"));
  notify_.remove(descriptors_.get("run"));
}

}  // namespace ambit::monitor
