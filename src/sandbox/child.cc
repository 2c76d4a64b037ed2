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

Result<void> say(int socket_fd, ParentWord word) {
  return os::send_packet(socket_fd, std::string(1, static_cast<char>(word)));
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
  const ContainerPlan plan = AMBIT_TRY(plan_container(options));
  // Before the clone: there is nothing to kill yet when it fails.
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  auto [parent_end, child_end] = AMBIT_TRY(os::packet_pair());
  StagePage stage = AMBIT_TRY(StagePage::create());
  const std::uint64_t flags = clone_flags(*options.spec);
  os::Process process =
      AMBIT_TRY(os::clone_process({.flags = flags}).context("starting the first process"));
  if (process.pid == 0) {
    parent_end.reset();
    ChildChannel channel(child_end.get(), stage);
    run_container(plan, channel);
  }
  child_end.reset();
  Child child = ChildMaker::make("container's first process", std::move(process),
                                 std::move(parent_end), std::move(stage));
  if ((flags & CLONE_NEWUSER) != 0)
    AMBIT_TRY(write_id_maps(procfs.get(), child.pid(), plan.id_maps).context("id maps"));
  AMBIT_TRY(say(child.event_fd(), ParentWord::Mapped));
  return child;
}

int Child::event_fd() const noexcept { return state_->socket.get(); }
pid_t Child::pid() const noexcept { return state_->process.pid; }
int Child::pidfd() const noexcept { return state_->process.pidfd.get(); }
os::Process Child::take_process() { return std::move(state_->process); }
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
      return Error(ErrorCode::Internal, "unexpected word of the " + state.what);
  }
  (void)kill_and_reap(state.process);
  state.socket.reset();
  return event;
}

}  // namespace ambit::sandbox
