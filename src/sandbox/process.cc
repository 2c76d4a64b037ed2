#include "sandbox/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include "os/path.h"
#include "sandbox/command.h"
#include "sandbox/seccomp.h"

namespace ambit::sandbox {
namespace {

constexpr mode_t kDefaultUmask = 022;
constexpr int kFirstHighFd = 10;
constexpr int kReportFd = 3;
constexpr int kLastSignal = 64;

// Out of the way of 0 to 3, which are about to be replaced.
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

// A handler is reset by execve, an ignored signal and the mask are not.
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

// Closes what is still open of the host, for good and before the command is looked for: a path like
// /proc/self/fd/7/../../bin/sh, as the command or as the interpreter of a script, would lead there,
// and close-on-exec comes only after the kernel has walked it (CVE-2024-21626).
Result<void> close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = STDERR_FILENO + 1;
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
  if (::syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
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

// ambit-init gets the command as its arguments and the channel at kReportFd, where it reports an
// execve that failed.
int execute_init(const Command& command, int init_fd, int socket_fd) {
  if (::dup2(socket_fd, kReportFd) < 0) return errno;
  std::vector<std::string> args = {"ambit-init", command.path};
  args.insert(args.end(), command.args.begin(), command.args.end());
  (void)::syscall(SYS_execveat, init_fd, "", c_strings(args).data(), c_strings(command.env).data(),
                  AT_EMPTY_PATH);
  return errno;
}

Result<void> confine(const ProcessPlan& plan) {
  if (plan.seccomp_bpf.empty()) return {};
  return install_seccomp(plan.seccomp_bpf);
}

Result<void> drop(const ProcessPlan& plan, const ContainerUser& user, ChildChannel& channel) {
  const spec::ProcessSpec& process = *plan.process;
  channel.enter_stage("dropping privileges");
  AMBIT_TRY(set_rlimits(process.rlimits));
  (void)::umask(process.user.umask.value_or(kDefaultUmask));
  // Without no_new_privs only CAP_SYS_ADMIN may install a filter, so before it is dropped.
  if (!process.no_new_privileges) AMBIT_TRY(confine(plan));
  AMBIT_TRY(drop_privileges(process, user, plan.capabilities, plan.setgroups));
  return channel.die_with_parent();
}

}  // namespace

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

Error run_process(const ProcessPlan& plan, const ContainerUser& user, ChildChannel& channel) {
  if (auto dropped = drop(plan, user, channel); !dropped) return std::move(dropped).error();

  channel.enter_stage("executing the command");
  if (auto closed = close_all_but({channel.socket_fd(), plan.init_fd}); !closed)
    return std::move(closed).error();
  auto command = prepare_command(plan, user);
  if (!command) return std::move(command).error();
  UniqueFd init;
  UniqueFd socket;
  if (plan.init_fd >= 0) {
    auto init_copy = duplicate_high(plan.init_fd);
    if (!init_copy) return std::move(init_copy).error();
    auto socket_copy = duplicate_high(channel.socket_fd());
    if (!socket_copy) return std::move(socket_copy).error();
    init = *std::move(init_copy);
    socket = *std::move(socket_copy);
  }
  if (auto reset = reset_signals(); !reset) return std::move(reset).error();
  // Before the filter, which needn't let a message through.
  if (auto sent = channel.send({.word = ChildWord::Executing}); !sent)
    return std::move(sent).error();
  if (plan.process->no_new_privileges)
    if (auto confined = confine(plan); !confined) return std::move(confined).error();

  if (init)
    return Error::from_errno(execute_init(*command, init.get(), socket.get()), "starting init");
  return explain_exec((*command).path, execute(*command));
}

}  // namespace ambit::sandbox
