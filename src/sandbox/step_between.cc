#include "sandbox/step_between.h"

#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "os/clone.h"
#include "os/socket.h"

namespace ambit::sandbox {
namespace {

using spec::NamespaceType;

// Its maps are the caller's to write.
Result<void> enter_user_namespace(const NamespacePlan& plan, ChildChannel& channel) {
  if (const JoinedNamespace* joined = plan.find(NamespaceType::User); joined != nullptr)
    return os::join_namespaces(joined->fd.get(), CLONE_NEWUSER, "user namespace " + joined->path);
  if ((plan.made & CLONE_NEWUSER) == 0) return {};
  AMBIT_TRY(os::unshare(CLONE_NEWUSER, "user namespace"));
  AMBIT_TRY(channel.send({.word = ChildWord::Unshared}));
  AMBIT_TRY(channel.wait_for(ParentWord::Mapped));
  return {};
}

// In both processes: 0 in the container's own.
Result<pid_t> enter_and_clone(const BetweenContext& context, ChildChannel& channel) {
  const NamespacePlan& plan = context.plan.namespaces;
  AMBIT_TRY(channel.die_with_parent());
  channel.enter_stage("joining namespaces");
  std::vector<const JoinedNamespace*> left;
  AMBIT_TRY(join_before_userns(plan, left));
  AMBIT_TRY(enter_user_namespace(plan, channel));
  AMBIT_TRY(join_after_userns(plan, left, context.procfs_fd));
  const std::uint64_t flags = (plan.made & ~std::uint64_t{CLONE_NEWUSER}) | CLONE_PARENT;
  return AMBIT_TRY(os::clone_process({.flags = flags})).pid;
}

// Returns in the container's process alone.
Result<void> run_between(const BetweenContext& context) {
  ChildChannel channel(context.child_fd, context.stage);
  const auto pid = enter_and_clone(context, channel);
  if (!pid) channel.fail(pid.error());
  if (*pid == 0) return {};
  const auto sent = channel.send({.word = ChildWord::Pid, .number = *pid});
  ::_exit(sent ? 0 : 1);
}

}  // namespace

Result<pid_t> await_pid(int parent_fd, const StagePage& stage,
                        const std::function<Result<void>()>& on_unshared) {
  for (;;) {
    AMBIT_TRY(os::wait_readable(parent_fd));
    const os::Packet packet = AMBIT_TRY(os::receive_packet(parent_fd));
    if (packet.closed)
      return Error(ErrorCode::Internal, std::string("the process died while ") + stage.get());
    ChildMessage message = AMBIT_TRY(parse_child_message(packet.bytes));
    if (message.word == ChildWord::Pid) return static_cast<pid_t>(message.number);
    if (message.word != ChildWord::Unshared || !on_unshared)
      return Error::received(static_cast<ErrorCode>(message.code), message.number,
                             std::move(message.text));
    AMBIT_TRY(on_unshared());
    AMBIT_TRY(say(parent_fd, ParentWord::Mapped));
  }
}

Result<os::Process> clone_through_step_between(const BetweenContext& context) {
  os::Process between = AMBIT_TRY(os::clone_process({.cgroup_fd = context.cgroup_fd}));
  if (between.pid == 0) {
    (void)::close(context.parent_fd);
    AMBIT_TRY(run_between(context));
    return os::Process{.pid = 0, .pidfd = UniqueFd()};
  }
  const auto pid = await_pid(context.parent_fd, context.stage, [&context, &between] {
    return write_id_maps(context.procfs_fd, between.pid, context.plan.id_maps).context("id maps");
  });
  if (!pid) (void)os::send_signal(between.pidfd.get(), SIGKILL);
  (void)os::reap(between.pidfd.get());
  os::Process process;
  process.pid = AMBIT_TRY(pid);
  process.pidfd = AMBIT_TRY(os::open_pidfd(process.pid));
  return process;
}

}  // namespace ambit::sandbox
