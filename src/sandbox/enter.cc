#include "sandbox/enter.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/strings.h"
#include "os/cgroup.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/namespace.h"
#include "os/procfs.h"
#include "os/socket.h"
#include "sandbox/channel.h"
#include "sandbox/child_maker.h"
#include "sandbox/console.h"
#include "sandbox/namespaces.h"
#include "sandbox/process.h"
#include "sandbox/scheduling.h"
#include "sandbox/security_label.h"
#include "sandbox/step_between.h"
#include "sandbox/user_lookup.h"

namespace ambit::sandbox {
namespace {

// What is found out, and opened, before anything is joined.
struct ExecPlan {
  const ExecOptions* options = nullptr;
  ProcessPlan process;
  UniqueFd procfs;
  UniqueFd null;
  UniqueFd cgroup;  // empty: the caller's
  int namespaces = 0;
};

Error not_running() {
  return Error(ErrorCode::NotRunning, "the container's first process is gone");
}

// A pidfd is readable once its process has ended (pidfd_open(2)).
bool has_ended(int pidfd) {
  pollfd poll_fd = {.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) != 0;
}

Result<pid_t> pid_of(int procfs_fd, int pidfd) {
  UniqueFd file = AMBIT_TRY(os::open_in_procfs(procfs_fd, strf("self/fdinfo/%d", pidfd), O_RDONLY));
  const std::string text = AMBIT_TRY(os::read_all(file.get(), 4096));
  for (const std::string& line : split(text, '\n')) {
    if (line.compare(0, 4, "Pid:") != 0) continue;
    const std::int64_t pid = AMBIT_TRY(parse_int(trim(std::string_view(line).substr(4))));
    if (pid <= 0) return not_running();
    return static_cast<pid_t>(pid);
  }
  return Error(ErrorCode::InvalidArgument, "the descriptor of the container is no pidfd");
}

// "net:[4026531840]"
Result<std::string> namespace_id(int procfs_fd, const std::string& process, const char* name) {
  UniqueFd link =
      AMBIT_TRY(os::open_in_procfs(procfs_fd, process + "/ns/" + name, O_PATH | O_NOFOLLOW));
  return os::read_link_at(link.get(), "");
}

// Those that are not ours already: joining the host's network namespace from the container's user
// namespace would be refused.
Result<int> foreign_namespaces(int procfs_fd, pid_t pid) {
  int flags = 0;
  for (const NamespaceKind& kind : namespace_kinds()) {
    // A kernel may lack one (CONFIG_TIME_NS).
    auto own = namespace_id(procfs_fd, "self", kind.name);
    if (!own && own.error().code() == ErrorCode::NotFound) continue;
    const std::string ours = AMBIT_TRY(std::move(own));
    if (AMBIT_TRY(namespace_id(procfs_fd, std::to_string(pid), kind.name)) != ours)
      flags |= kind.flag;
  }
  return flags;
}

Result<Setgroups> setgroups_of(int procfs_fd, pid_t pid) {
  UniqueFd file =
      AMBIT_TRY(os::open_in_procfs(procfs_fd, std::to_string(pid) + "/setgroups", O_RDONLY));
  const std::string text = AMBIT_TRY(os::read_all(file.get(), 16));
  return trim(text) == "allow" ? Setgroups::Allowed : Setgroups::Denied;
}

Result<UniqueFd> open_cgroup(const ExecOptions& options, pid_t pid) {
  if (options.cgroup_fd >= 0) return os::open_at(options.cgroup_fd, ".", O_PATH | O_DIRECTORY);
  if (options.placement == ExecPlacement::OfCaller) return UniqueFd();
  const std::string path = AMBIT_TRY(os::cgroup_of(pid));
  return os::open_cgroup(path);
}

Result<ExecPlan> plan_exec(const ExecOptions& options) {
  ExecPlan plan;
  plan.options = &options;
  plan.process.process = options.process;
  plan.process.capabilities = AMBIT_TRY(capability_bits(options.process->capabilities));
  plan.process.seccomp = options.seccomp;
  plan.process.personality = options.personality;
  plan.process.lifetime = options.lifetime;
  plan.process.preserved_fds = options.preserved_fds;
  AMBIT_TRY(check_scheduling(*options.process));
  AMBIT_TRY(check_security_labels(*options.process));
  plan.procfs = AMBIT_TRY(os::open_procfs());
  plan.null = AMBIT_TRY(os::open_at(AT_FDCWD, "/dev/null", O_RDWR));
  const pid_t pid = AMBIT_TRY(pid_of(plan.procfs.get(), options.pidfd));
  plan.process.setgroups = AMBIT_TRY(setgroups_of(plan.procfs.get(), pid));
  plan.namespaces = AMBIT_TRY(foreign_namespaces(plan.procfs.get(), pid));
  plan.cgroup = AMBIT_TRY(open_cgroup(options, pid));
  return plan;
}

// The process itself, inside the container.
Result<ContainerUser> enter(const ExecPlan& plan, ChildChannel& channel, pid_t& own_pid) {
  const spec::ProcessSpec& process = *plan.options->process;
  AMBIT_TRY(channel.die_with_parent());
  const std::string pid = AMBIT_TRY(channel.wait_for(ParentWord::Go));
  own_pid = static_cast<pid_t>(AMBIT_TRY(parse_int(pid)));
  channel.enter_stage("looking around in the container");
  UniqueFd root = AMBIT_TRY(os::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  ContainerUser user = AMBIT_TRY(find_user(root.get(), plan.options->user, process.user));
  AMBIT_TRY(enter_working_folder(root.get(), process.cwd));
  if (!process.terminal) {
    AMBIT_TRY(connect_stdio(plan.options->stdio, plan.null.get(), user.uid));
    return user;
  }
  const Console console = AMBIT_TRY(open_console(root.get(), process.console_size));
  AMBIT_TRY(channel.send({.word = ChildWord::Ready}, console.master.get()));
  AMBIT_TRY(take_console(console, user.uid));
  return user;
}

[[noreturn]] void run_inside(const ExecPlan& plan, ChildChannel& channel) {
  pid_t own_pid = 0;
  auto user = enter(plan, channel, own_pid);
  if (!user) channel.fail(user.error());
  ProcessPlan process = plan.process;
  if (process.seccomp.listener_fd >= 0)
    process.listener_message = spec::write_container_process_state(
        plan.options->state, own_pid, process.seccomp.listener_metadata);
  channel.fail(run_process(process, *user, {}, channel));
}

// Joins the container and starts the process there, as a child of our parent: only a child gets
// into the PID namespace. Returns its number as the parent sees it.
Result<pid_t> join_and_clone(const ExecPlan& plan, ChildChannel& channel) {
  AMBIT_TRY(channel.die_with_parent());
  AMBIT_TRY(channel.wait_for(ParentWord::Mapped));
  if (plan.options->process->oom_score_adj)
    AMBIT_TRY(set_oom_score_adj(plan.procfs.get(), *plan.options->process->oom_score_adj));
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return Error::from_errno(errno, "PR_SET_DUMPABLE");
  channel.enter_stage("joining the container");
  AMBIT_TRY(os::join_namespaces(plan.options->pidfd, plan.namespaces, "the container"));
  const os::Process process = AMBIT_TRY(os::clone_process({.flags = CLONE_PARENT}));
  if (process.pid == 0) run_inside(plan, channel);
  return process.pid;
}

[[noreturn]] void run_between(const ExecPlan& plan, ChildChannel& channel) {
  const auto pid = join_and_clone(plan, channel);
  if (!pid) channel.fail(pid.error());
  const auto sent = channel.send({.word = ChildWord::Pid, .number = *pid});
  ::_exit(sent ? 0 : 1);
}

// Starts the process between in the cgroup, or moves it there where clone3 can't.
Result<os::Process> clone_into(const ExecPlan& plan) {
  auto process = os::clone_process({.cgroup_fd = plan.cgroup.get()});
  if (process || !plan.cgroup || process.error().code() != ErrorCode::Unsupported) return process;
  os::Process moved = AMBIT_TRY(os::clone_process({}));
  if (moved.pid == 0) return moved;
  if (auto done = os::move_to_cgroup(plan.cgroup.get(), moved.pid); !done) {
    (void)os::send_signal(moved.pidfd.get(), SIGKILL);
    (void)os::reap(moved.pidfd.get());
    return std::move(done).error().context("the container's cgroup");
  }
  return moved;
}

}  // namespace

Result<Child> start_exec(const ExecOptions& options) {
  auto planned = plan_exec(options);
  // The number was good for all of this if the process is still there, and if it is not, what has
  // failed doesn't matter.
  if (has_ended(options.pidfd)) return not_running();
  const ExecPlan plan = AMBIT_TRY(std::move(planned));
  auto [parent_end, child_end] = AMBIT_TRY(os::packet_pair());
  StagePage stage = AMBIT_TRY(StagePage::create());
  os::Process between = AMBIT_TRY(clone_into(plan));
  if (between.pid == 0) {
    parent_end.reset();
    ChildChannel channel(child_end.get(), stage);
    run_between(plan, channel);
  }
  child_end.reset();
  // Whatever goes wrong from here on: without our end of the socket the child and its child end.
  auto mapped = options.on_cloned ? options.on_cloned(between.pid) : Result<void>();
  if (mapped) mapped = say(parent_end.get(), ParentWord::Mapped);
  if (!mapped) parent_end.reset();
  auto pid = mapped ? await_pid(parent_end.get(), stage) : Result<pid_t>(mapped.error());
  (void)os::reap(between.pidfd.get());
  if (!pid) return std::move(pid).error();

  os::Process process;
  process.pid = *pid;
  process.pidfd = AMBIT_TRY(os::open_pidfd(*pid));
  AMBIT_TRY(say(parent_end.get(), ParentWord::Go, std::to_string(process.pid)));
  return ChildMaker::make("executed process", std::move(process), std::move(parent_end),
                          std::move(stage));
}

}  // namespace ambit::sandbox
