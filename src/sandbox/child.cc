#include "sandbox/child.h"

#include <sched.h>

#include <csignal>

#include <utility>

#include "base/strings.h"
#include "os/clone.h"
#include "os/procfs.h"
#include "os/socket.h"
#include "sandbox/channel.h"
#include "sandbox/child_maker.h"
#include "sandbox/command.h"
#include "sandbox/container.h"
#include "sandbox/step_between.h"
#include "sandbox/userns_host.h"

namespace ambit::sandbox {

struct Child::State {
  std::string what;  // for errors: whose process it is
  os::Process process;
  UniqueFd socket;
  StagePage stage;
  bool executing = false;  // the child has said that execve is next
};

namespace {

// Ends a process that the start has failed for. The wait status says how it ended; where it died
// by itself, that is how.
std::string kill_and_reap(os::Process& process) {
  // ESRCH: it has gone already, and is to be reaped all the same.
  (void)os::send_signal(process.pidfd.get(), SIGKILL);
  const auto status = os::reap(process.pidfd.get());
  process = os::Process();
  return status ? os::describe_wait_status(*status) : status.error().message();
}

// The caller's and the child's end of the channel, and what both need from before the clone: there
// is nothing to kill yet when it fails.
struct Launch {
  UniqueFd procfs;
  UniqueFd parent_end;
  UniqueFd child_end;
  StagePage stage;
};

Result<Launch> prepare_launch() {
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  auto [parent_end, child_end] = AMBIT_TRY(os::packet_pair());
  StagePage stage = AMBIT_TRY(StagePage::create());
  return Launch{std::move(procfs), std::move(parent_end), std::move(child_end), std::move(stage)};
}

Result<os::Process> clone_first_process(const ContainerPlan& plan, Launch& launch, int cgroup_fd) {
  if (!plan.namespaces.needs_step_between())
    return os::clone_process({.flags = plan.namespaces.made, .cgroup_fd = cgroup_fd});
  return clone_through_step_between({.plan = plan,
                                     .cgroup_fd = cgroup_fd,
                                     .procfs_fd = launch.procfs.get(),
                                     .parent_fd = launch.parent_end.get(),
                                     .child_fd = launch.child_end.get(),
                                     .stage = launch.stage});
}

}  // namespace

Child::Child(std::unique_ptr<State> state) : state_(std::move(state)) {}
Child::Child(Child&&) noexcept = default;

Child& Child::operator=(Child&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Child::~Child() {
  if (state_ && state_->socket && state_->process.pidfd) (void)kill_and_reap(state_->process);
}

Child ChildMaker::make(std::string what, os::Process process, UniqueFd socket, StagePage stage) {
  return Child(std::unique_ptr<Child::State>(
      new Child::State{std::move(what), std::move(process), std::move(socket), std::move(stage)}));
}

Result<Child> Child::start(const StartOptions& options) {
  ContainerPlan plan = AMBIT_TRY(plan_container(options));
  Launch launch = AMBIT_TRY(prepare_launch());
  auto cloned =
      clone_first_process(plan, launch, options.cgroup_fd).context("starting the first process");
  if (!cloned && (plan.namespaces.made & CLONE_NEWUSER) != 0)
    return explain_userns_failure(std::move(cloned).error());
  os::Process process = AMBIT_TRY(std::move(cloned));
  if (process.pid == 0) {
    launch.parent_end.reset();
    ChildChannel channel(launch.child_end.get(), launch.stage);
    run_container(plan, channel);
  }
  launch.child_end.reset();
  Child child = ChildMaker::make("container's first process", std::move(process),
                                 std::move(launch.parent_end), std::move(launch.stage));
  if (options.on_cloned) AMBIT_TRY(options.on_cloned(child.pid()));
  const bool is_unmapped =
      (plan.namespaces.made & CLONE_NEWUSER) != 0 && !plan.namespaces.needs_step_between();
  if (is_unmapped)
    AMBIT_TRY(write_id_maps(launch.procfs.get(), child.pid(), plan.id_maps).context("id maps"));
  AMBIT_TRY(say(child.event_fd(), ParentWord::Mapped, std::to_string(child.pid())));
  return child;
}

int Child::event_fd() const noexcept { return state_->socket.get(); }
pid_t Child::pid() const noexcept { return state_->process.pid; }
int Child::pidfd() const noexcept { return state_->process.pidfd.get(); }
os::Process Child::take_process() { return std::move(state_->process); }
Result<void> Child::hooks_run() { return say(state_->socket.get(), ParentWord::HooksRun); }
Result<void> Child::go() { return say(state_->socket.get(), ParentWord::Go); }

Result<ChildEvent> Child::next_event() {
  State& state = *state_;
  if (!state.socket) return Error(ErrorCode::Busy, "no event is left");
  os::Packet packet = AMBIT_TRY(os::receive_packet(state.socket.get()));
  ChildEvent event;
  event.kind = ChildEventKind::Failed;
  if (packet.closed && state.executing) {
    event.kind = ChildEventKind::Executed;
    state.socket.reset();
    return event;
  }
  if (packet.closed) {
    const char* stage = state.stage.get();
    event.error = Error(ErrorCode::Internal, "the " + state.what + " died while " + stage + ": " +
                                                 kill_and_reap(state.process));
    state.socket.reset();
    return event;
  }

  ChildMessage message = AMBIT_TRY(parse_child_message(packet.bytes));
  switch (message.word) {
    case ChildWord::Mounted:
      event.kind = ChildEventKind::Mounted;
      return event;
    case ChildWord::Created:
      event.kind = ChildEventKind::Created;
      state.socket.reset();
      return event;
    case ChildWord::Ready:
      event.kind = ChildEventKind::Ready;
      if (!packet.fds.empty()) event.console = std::move(packet.fds.front());
      return event;
    case ChildWord::Executing:
      state.executing = true;
      return next_event();
    case ChildWord::Failed:
      event.error = Error::received(static_cast<ErrorCode>(message.code), message.number,
                                    std::move(message.text));
      break;
    case ChildWord::ExecFailed:
      event.error = explain_exec(message.text, message.number);
      break;
    case ChildWord::Pid:
    case ChildWord::Unshared:
      return Error(ErrorCode::Internal, "unexpected word of the " + state.what);
  }
  (void)kill_and_reap(state.process);
  state.socket.reset();
  return event;
}

Result<ChildEvent> Child::wait_event() {
  for (;;) {
    AMBIT_TRY(os::wait_readable(event_fd()));
    auto event = next_event();
    if (event || event.error().code() != ErrorCode::Busy) return event;
  }
}

}  // namespace ambit::sandbox
