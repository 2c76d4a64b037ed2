#include "sandbox/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include "os/path.h"
#include "sandbox/command.h"
#include "sandbox/hooks.h"
#include "sandbox/scheduling.h"
#include "sandbox/seccomp.h"
#include "sandbox/security_label.h"
#include "sandbox/start_socket.h"

namespace ambit::sandbox {
namespace {

constexpr mode_t kDefaultUmask = 022;
constexpr int kFirstHighFd = 10;
constexpr int kLastSignal = 64;

// Out of the way of 0 to 2, which are about to be replaced.
Result<UniqueFd> duplicate_high(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstHighFd));
  if (!copy) return Error::from_errno(errno, "fcntl F_DUPFD_CLOEXEC");
  return copy;
}

// A pipe belongs to who made it. Files and terminals of the host stay what they are.
Result<void> hand_over_pipe(int fd, uid_t owner) {
  struct stat st = {};
  if (::fstat(fd, &st) < 0) return Error::from_errno(errno, "standard streams: fstat");
  if (!S_ISFIFO(st.st_mode) || st.st_uid == owner) return {};
  // A named pipe of somebody else may refuse; writing to the open one works all the same.
  if (::fchown(fd, owner, static_cast<gid_t>(-1)) < 0 && errno != EPERM && errno != EROFS &&
      errno != EOVERFLOW)
    return Error::from_errno(errno, "standard streams: fchown");
  return {};
}

// Closes what is still open of the host, for good and before the command is looked for: a path like
// /proc/self/fd/7/../../bin/sh, as the command or as the interpreter of a script, would lead there,
// and close-on-exec comes only after the kernel has walked it (CVE-2024-21626).
Result<void> close_all_but(std::vector<int> kept, int preserved) {
  std::sort(kept.begin(), kept.end());
  const auto first_own = static_cast<unsigned>(STDERR_FILENO + 1 + preserved);
  unsigned first = first_own;
  for (const int fd : kept) {
    if (fd < 0) continue;
    const auto end = static_cast<unsigned>(fd);
    if (end > first && ::syscall(SYS_close_range, first, end - 1, 0) < 0)
      return Error::from_errno(errno, "close_range");
    first = end + 1;
  }
  if (::syscall(SYS_close_range, first, UINT_MAX, 0) < 0)
    return Error::from_errno(errno, "close_range");
  // The kept ones have no business in the command.
  if (::syscall(SYS_close_range, first_own, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
    return Error::from_errno(errno, "close_range");
  return {};
}

Result<Command> prepare_command(const ProcessPlan& plan, const ContainerUser& user) {
  std::vector<std::string> env = plan.process->env;
  if (find_env(env, "HOME") == nullptr)
    env.push_back("HOME=" + (user.home.empty() ? std::string("/") : user.home));
  return find_command(plan.process->args, std::move(env));
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// ambit-init gets the command as its arguments and the channel, where it reports an execve that
// failed.
int execute_init(const Command& command, int init_fd, int socket_fd) {
  if (::fcntl(socket_fd, F_SETFD, 0) < 0) return errno;
  std::vector<std::string> args = {"ambit-init", std::to_string(socket_fd), command.path};
  args.insert(args.end(), command.args.begin(), command.args.end());
  (void)::syscall(SYS_execveat, init_fd, "", c_strings(args).data(), c_strings(command.env).data(),
                  AT_EMPTY_PATH);
  return errno;
}

// Without no_new_privs only CAP_SYS_ADMIN may install a filter: it is kept as long as that, and not
// put into what execve hands on.
bool needs_admin_to_confine(const ProcessPlan& plan) {
  return !plan.seccomp.bpf.empty() && !plan.process->no_new_privileges;
}

CapabilityBits until_confined(const ProcessPlan& plan) {
  CapabilityBits bits = plan.capabilities;
  if (!needs_admin_to_confine(plan)) return bits;
  bits.permitted |= std::uint64_t{1} << CAP_SYS_ADMIN;
  bits.effective |= std::uint64_t{1} << CAP_SYS_ADMIN;
  return bits;
}

// The last step before execve: the filter needn't allow more of what we do than that, and, without
// no_new_privs, capset(2).
Result<void> confine(const ProcessPlan& plan) {
  if (plan.seccomp.bpf.empty()) return {};
  AMBIT_TRY(
      install_seccomp(plan.seccomp.bpf, plan.seccomp.flags,
                      {.socket_fd = plan.seccomp.listener_fd, .message = plan.listener_message}));
  return needs_admin_to_confine(plan) ? lower_capabilities(plan.capabilities) : Result<void>();
}

Result<void> drop(const ProcessPlan& plan, const ContainerUser& user, ChildChannel& channel) {
  const spec::ProcessSpec& process = *plan.process;
  channel.enter_stage("dropping privileges");
  AMBIT_TRY(set_rlimits(process.rlimits));
  AMBIT_TRY(set_scheduling(process));
  if (plan.personality != nullptr) AMBIT_TRY(set_personality(*plan.personality));
  AMBIT_TRY(set_security_labels(process));
  (void)::umask(process.user.umask.value_or(kDefaultUmask));
  AMBIT_TRY(drop_privileges(process, user, until_confined(plan), plan.setgroups));
  if (plan.lifetime == Lifetime::OfCaller) return channel.die_with_parent();
  ChildChannel::outlive_parent();
  return {};
}

// A hook's program comes from the container's files, so it gets no more than the container has.
// Nobody answers what its filter notifies (ENOSYS).
Result<void> confine_hook(const ProcessPlan& plan) {
  if (plan.seccomp.bpf.empty()) return {};
  AMBIT_TRY(install_seccomp(plan.seccomp.bpf, plan.seccomp.flags));
  return needs_admin_to_confine(plan) ? lower_capabilities(plan.capabilities) : Result<void>();
}

// From now on the channel leads to who starts the container.
Result<void> wait_and_run_hooks(const ProcessPlan& plan, const DeferredStart& start,
                                ChildChannel& channel) {
  if (start.socket_fd >= 0) {
    AMBIT_TRY(channel.send({.word = ChildWord::Created}));
    channel.enter_stage("waiting for the start");
    const UniqueFd starter = AMBIT_TRY(wait_for_start(start.socket_fd));
    if (::dup3(starter.get(), channel.socket_fd(), O_CLOEXEC) < 0)
      return Error::from_errno(errno, "start socket: dup3");
    (void)::close(start.socket_fd);
  }
  if (start.hooks == nullptr || start.hooks->empty()) return {};
  channel.enter_stage("running the hooks in the container");
  // Their programs are the container's, and confined; this process is not yet: neither its memory
  // nor what it executes may be theirs. execve gives it back (prctl(2)).
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return Error::from_errno(errno, "PR_SET_DUMPABLE");
  return run_hooks(*start.hooks, "startContainer", spec::write_state(*start.state),
                   [&plan] { return confine_hook(plan); });
}

// What is left when nothing of ours may be needed any more.
Result<Command> prepare(const ProcessPlan& plan, const ContainerUser& user,
                        const DeferredStart& start, ChildChannel& channel) {
  AMBIT_TRY(drop(plan, user, channel));
  channel.enter_stage("executing the command");
  AMBIT_TRY(
      close_all_but({channel.socket_fd(), plan.init_fd, start.socket_fd, plan.seccomp.listener_fd},
                    plan.preserved_fds));
  Command command = AMBIT_TRY(prepare_command(plan, user));
  AMBIT_TRY(wait_and_run_hooks(plan, start, channel));
  AMBIT_TRY(reset_signals());
  return command;
}

// Where ambit-init comes first: its program and the channel, out of the way of the command's
// descriptors.
struct InitDescriptors {
  UniqueFd program;
  UniqueFd socket;
};

Result<InitDescriptors> duplicate_for_init(const ProcessPlan& plan, const ChildChannel& channel) {
  InitDescriptors init;
  if (plan.init_fd < 0) return init;
  init.program = AMBIT_TRY(duplicate_high(plan.init_fd));
  init.socket = AMBIT_TRY(duplicate_high(channel.socket_fd()));
  return init;
}

}  // namespace

Result<void> reset_signals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= kLastSignal; ++signal)
    (void)::sigaction(signal, &action, nullptr);  // EINVAL for SIGKILL, SIGSTOP and libc's own
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) < 0)
    return Error::from_errno(errno, "sigprocmask");
  return {};
}

Result<void> connect_stdio(const Stdio& stdio, int null_fd, uid_t owner) {
  const int given[] = {stdio.stdin_fd, stdio.stdout_fd, stdio.stderr_fd};
  UniqueFd copies[3];
  for (int i = 0; i < 3; ++i) {
    if (given[i] >= 0) AMBIT_TRY(hand_over_pipe(given[i], owner));
    copies[i] = AMBIT_TRY(duplicate_high(given[i] >= 0 ? given[i] : null_fd));
  }
  for (int i = 0; i < 3; ++i)
    if (::dup2(copies[i].get(), i) < 0) return Error::from_errno(errno, "standard streams: dup2");
  // EPERM: the leader of a process group already, as after a clone into a new PID namespace.
  if (::setsid() < 0 && errno != EPERM) return Error::from_errno(errno, "setsid");
  return {};
}

Result<void> enter_working_folder(int root_fd, const std::string& cwd) {
  const std::string what = "working folder " + cwd;
  auto opened = os::open_in_root(root_fd, cwd, {.flags = O_PATH | O_DIRECTORY});
  if (!opened && opened.error().sys_errno() == ENOENT)
    opened = os::make_dirs_in_root(root_fd, cwd, 0755);
  UniqueFd folder = AMBIT_TRY(std::move(opened).context(what));
  if (::fchdir(folder.get()) < 0) return Error::from_errno(errno, what + ": fchdir");
  return {};
}

Error run_process(const ProcessPlan& plan, const ContainerUser& user, const DeferredStart& start,
                  ChildChannel& channel) {
  auto command = prepare(plan, user, start, channel);
  if (!command) return std::move(command).error();
  auto init = duplicate_for_init(plan, channel);
  if (!init) return std::move(init).error();
  // Before the filter, which needn't let a message through.
  if (auto sent = channel.send({.word = ChildWord::Executing}); !sent)
    return std::move(sent).error();
  if (auto confined = confine(plan); !confined) return std::move(confined).error();

  const InitDescriptors& descriptors = *init;
  if (descriptors.program)
    return Error::from_errno(
        execute_init(*command, descriptors.program.get(), descriptors.socket.get()),
        "starting init");
  return explain_exec((*command).path, execute(*command));
}

}  // namespace ambit::sandbox
