#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "container_fixture.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/socket.h"
#include "sandbox/seccomp.h"
#include "sandbox/seccomp_compile.h"
#include "sandbox/seccomp_features.h"

// Real processes below filters that were compiled from profiles.
namespace ambit::sandbox {
namespace {

constexpr int kNotFiltered = 200;
constexpr int kAnswer = 4242;
constexpr int kDeadlineMsec = 20000;

spec::Seccomp profile(const char* default_action, const char* name, const char* action) {
  spec::Seccomp seccomp;
  seccomp.default_action = default_action;
  seccomp.listener_path = "/run/agent";
  seccomp.syscalls = {{.names = {name}, .action = action, .errno_ret = {}, .args = {}}};
  return seccomp;
}

Result<void> confine(const spec::Seccomp& seccomp, const SeccompListener& listener = {}) {
  const SeccompFilter filter = AMBIT_TRY(compile_seccomp(seccomp));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return Error::from_errno(errno, "prctl");
  return install_seccomp(filter.bpf, filter.flags, listener);
}

// Where a sanitizer sees a function that doesn't come back, it makes calls of its own.
void exit_now(int code) { (void)::syscall(SYS_exit_group, code); }

int end_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// How a process ends that exits with what `body` returns.
int end_below(const spec::Seccomp& seccomp, const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto confined = confine(seccomp);
    exit_now(confined ? body() : kNotFiltered);
  }
  return end_of(pid);
}

int errno_of(long result) { return result < 0 ? errno : 0; }
int errno_of_getpid() { return errno_of(::syscall(SYS_getpid)); }

int end_of_getpid(const char* action) {
  const char* default_action =
      std::string(action) == "SCMP_ACT_ALLOW" ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW";
  return end_below(profile(default_action, "getpid", action), errno_of_getpid);
}

TEST(SeccompInstallTest, ActionsDoWhatTheySay) {
  EXPECT_EQ(end_of_getpid("SCMP_ACT_ALLOW"), 0);
  EXPECT_EQ(end_of_getpid("SCMP_ACT_LOG"), 0);
  EXPECT_EQ(end_of_getpid("SCMP_ACT_ERRNO"), EPERM);
  EXPECT_EQ(end_of_getpid("SCMP_ACT_TRACE"), ENOSYS);  // without a tracer
  for (const char* action :
       {"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"})
    EXPECT_EQ(end_of_getpid(action), -SIGSYS) << action;
}

TEST(SeccompInstallTest, TrapIsASignal) {
  static volatile sig_atomic_t trapped = 0;
  EXPECT_EQ(end_below(profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_TRAP"),
                      [] {
                        (void)::signal(SIGSYS, [](int) { trapped = 7; });
                        (void)::syscall(SYS_getpid);
                        return static_cast<int>(trapped);
                      }),
            7);
}

// The thread ends alone, and the process goes on.
TEST(SeccompInstallTest, KillingAThreadLeavesTheProcess) {
  const auto body = [] {
    std::atomic<bool> alive = false;
    std::thread([&] {
      (void)::syscall(SYS_getpid);
      alive = true;
    }).detach();
    for (int i = 0; i < 100; ++i) (void)::sched_yield();
    return alive ? 1 : 3;
  };
  EXPECT_EQ(end_below(profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_KILL_THREAD"), body), 3);
}

TEST(SeccompInstallTest, ArgumentsAreCompared) {
  spec::Seccomp seccomp = profile("SCMP_ACT_ALLOW", "getpriority", "SCMP_ACT_ERRNO");
  seccomp.syscalls[0].args = {
      {.index = 1, .value = 0xffff0000, .value_two = 0x10000, .op = "SCMP_CMP_MASKED_EQ"}};
  const auto end = [&](long who) {
    return end_below(seccomp, [=] { return errno_of(::syscall(SYS_getpriority, 9, who)); });
  };
  EXPECT_EQ(end(0x10005), EPERM);
  EXPECT_EQ(end(0x20005), EINVAL);
}

TEST(SeccompInstallTest, NewCallsAreNotImplementedBelowAListThatDenies) {
  spec::Seccomp seccomp = profile("SCMP_ACT_ERRNO", "exit_group", "SCMP_ACT_ALLOW");
  EXPECT_EQ(end_below(seccomp, [] { return errno_of(::syscall(SYS_exit_group + 200)); }), ENOSYS);
  EXPECT_EQ(end_below(seccomp, errno_of_getpid), EPERM);
}

TEST(SeccompInstallTest, EveryFlagOfTheKernelInstalls) {
  for (const std::string& flag : seccomp_features().supported_flags) {
    spec::Seccomp seccomp = profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_ERRNO");
    seccomp.flags = {flag};
    EXPECT_EQ(end_below(seccomp, errno_of_getpid), EPERM) << flag;
  }
}

TEST(SeccompInstallTest, TsyncReachesTheOtherThread) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::atomic<bool> confined = false;
    std::atomic<int> seen = -1;
    std::thread other([&] {
      confined.wait(false);
      seen = errno_of_getpid();
    });
    spec::Seccomp seccomp = profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_ERRNO");
    seccomp.flags = {"SECCOMP_FILTER_FLAG_TSYNC"};
    if (!confine(seccomp)) ::_exit(kNotFiltered);
    confined = true;
    confined.notify_all();
    other.join();
    ::_exit(seen);
  }
  EXPECT_EQ(end_of(pid), EPERM);
}

#if defined(__x86_64__)
int errno_of_i386_getpid() {
  long result = 20;
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
  return result < 0 ? static_cast<int>(-result) : 0;
}

TEST(SeccompInstallTest, ForeignAbisAreFilteredOrKilled) {
  spec::Seccomp seccomp = profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_ERRNO");
  const auto x32 = [] { return errno_of(::syscall(0x40000000 | SYS_getpid)); };
  EXPECT_EQ(end_below(seccomp, errno_of_i386_getpid), -SIGSYS);
  EXPECT_EQ(end_below(seccomp, x32), -SIGSYS);
  seccomp.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  EXPECT_EQ(end_below(seccomp, errno_of_i386_getpid), EPERM);
  EXPECT_EQ(end_below(seccomp, x32), EPERM);
}
#endif

TEST(SeccompInstallTest, FeaturesAreOfTheKernel) {
  const SeccompFeatures features = seccomp_features();
  EXPECT_EQ(features.actions.size(), 9U);
  EXPECT_EQ(features.operators.size(), 7U);
  EXPECT_EQ(features.known_flags.size(), 4U);
  for (const std::string& name : features.architectures) {
    spec::Seccomp seccomp;
    seccomp.default_action = "SCMP_ACT_ALLOW";
    seccomp.architectures = {name};
    EXPECT_TRUE(compile_seccomp(seccomp)) << name;
  }
}

// The agent's side: a process below a filter, and what it sends.
class ListenerTest : public testing::Test {
 protected:
  // `body` runs below the filter, in a process that is to end by itself.
  void start(const spec::Seccomp& seccomp, const std::function<int()>& body,
             const std::string& message = "{\"fds\":[\"seccompFd\"]}",
             std::uint64_t clone_flags = 0) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    agent_.reset(ends[0]);
    UniqueFd theirs(ends[1]);
    auto process = os::clone_process({.flags = clone_flags, .cgroup_fd = -1});
    ASSERT_TRUE(process) << process.error().message();
    if (process->pid == 0) {
      (void)::alarm(kDeadlineMsec / 1000);
      agent_.reset();
      const auto confined = confine(seccomp, {.socket_fd = theirs.release(), .message = message});
      exit_now(confined ? body() : kNotFiltered);
    }
    pid_ = process->pid;
  }

  void receive() {
    received_.resize(1 << 20);
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec bytes = {.iov_base = received_.data(), .iov_len = received_.size()};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(agent_.get(), &message, MSG_CMSG_CLOEXEC);
    ASSERT_GT(size, 0);
    received_.resize(static_cast<std::size_t>(size));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    ASSERT_NE(header, nullptr);
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    notify_.reset(fd);
  }

  // Answers one notification, and gives the number of the call. A value, or 0 to let it go on.
  int answer(int value) {
    pollfd poll_fd = {.fd = notify_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&poll_fd, 1, kDeadlineMsec) != 1 || (poll_fd.revents & POLLIN) == 0) return -1;
    seccomp_notif notification = {};
    if (::ioctl(notify_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0) return -errno;
    seccomp_notif_resp response = {};
    response.id = notification.id;
    response.val = value;
    if (value == 0) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (::ioctl(notify_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) < 0) return -errno;
    return notification.data.nr;
  }

  UniqueFd agent_;
  UniqueFd notify_;
  std::string received_;
  pid_t pid_ = -1;
};

int is_answered() { return ::syscall(SYS_getpid) == kAnswer ? 0 : 1; }

TEST_F(ListenerTest, TheAgentGetsTheMessageAndAnswers) {
  start(profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_NOTIFY"), is_answered);
  receive();
  EXPECT_EQ(received_, "{\"fds\":[\"seccompFd\"]}");
  // The process waits for the answer, and has closed its end.
  pollfd poll_fd = {.fd = agent_.get(), .events = POLLIN, .revents = 0};
  char byte = 0;
  ASSERT_EQ(::poll(&poll_fd, 1, kDeadlineMsec), 1);
  EXPECT_EQ(::recv(agent_.get(), &byte, 1, 0), 0);
  EXPECT_EQ(answer(kAnswer), SYS_getpid);
  EXPECT_EQ(end_of(pid_), 0);
}

// The first call that the filter sees is the one after the install.
TEST_F(ListenerTest, NothingIsCalledBelowTheFilter) {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_NOTIFY";
  seccomp.listener_path = "/run/agent";
  start(seccomp, is_answered);
  receive();
  EXPECT_EQ(answer(kAnswer), SYS_getpid);
  EXPECT_EQ(answer(0), SYS_exit_group);
  EXPECT_EQ(end_of(pid_), 0);
}

TEST_F(ListenerTest, AFilterThatKillsEverythingElseLetsTheMessageOut) {
  spec::Seccomp seccomp = profile("SCMP_ACT_KILL_PROCESS", "getpid", "SCMP_ACT_NOTIFY");
  seccomp.syscalls.push_back(
      {.names = {"exit_group"}, .action = "SCMP_ACT_ALLOW", .errno_ret = {}, .args = {}});
  start(seccomp, is_answered);
  receive();
  EXPECT_EQ(answer(kAnswer), SYS_getpid);
  EXPECT_EQ(end_of(pid_), 0);
}

TEST_F(ListenerTest, AMessageOfAnyLengthArrives) {
  const std::string message(3 << 20, 'x');
  start(profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_NOTIFY"), is_answered, message);
  receive();
  std::size_t size = received_.size();
  while (size < message.size()) {
    char buffer[65536];
    const ssize_t more = ::recv(agent_.get(), buffer, sizeof buffer, 0);
    ASSERT_GT(more, 0);
    size += static_cast<std::size_t>(more);
  }
  EXPECT_EQ(size, message.size());
  EXPECT_EQ(answer(kAnswer), SYS_getpid);
  EXPECT_EQ(end_of(pid_), 0);
}

TEST_F(ListenerTest, TsyncDoesNotConfineTheSender) {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_NOTIFY";
  seccomp.listener_path = "/run/agent";
  seccomp.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"};
  start(seccomp, is_answered);
  receive();
  EXPECT_EQ(answer(kAnswer), SYS_getpid);
  EXPECT_EQ(answer(0), SYS_exit_group);
  EXPECT_EQ(end_of(pid_), 0);
}

// What the command sees of itself: one thread, no child, no descriptor but its own.
int show_self(int out_fd) {
  (void)::dup2(out_fd, 1);
  (void)::execl("/bin/sh", "sh", "-c",
                "cd /proc/$$; read -r children < task/$$/children; set -- task/*;"
                "echo tasks $# children \"[$children]\";"
                "for fd in fd/*; do readlink $fd; done; exit 0",
                nullptr);
  return errno;
}

TEST_F(ListenerTest, TheCommandHasNoThreadChildOrDescriptorOfIt) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  UniqueFd read_end(pipe_ends[0]);
  UniqueFd write_end(pipe_ends[1]);
  start(profile("SCMP_ACT_ALLOW", "getppid", "SCMP_ACT_ERRNO"),
        [&] { return show_self(write_end.get()); });
  write_end.reset();
  receive();
  const auto shown = os::read_all(read_end.get(), 4096);
  ASSERT_TRUE(shown);
  EXPECT_EQ(end_of(pid_), 0);
  EXPECT_EQ((*shown).rfind("tasks 1 children []\n", 0), 0U) << *shown;
  EXPECT_EQ((*shown).find("socket:"), std::string::npos) << *shown;
  EXPECT_EQ((*shown).find("seccomp"), std::string::npos) << *shown;
}

TEST_F(ListenerTest, TheFirstProcessOfAPidNamespaceHasNoChildOfIt) {
  const auto no_child = [] {
    if (::getpid() != 1) return 2;
    return ::waitpid(-1, nullptr, __WALL | WNOHANG) < 0 && errno == ECHILD ? 0 : 3;
  };
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ? 0 : errno);
  if (const int err = end_of(pid); err != 0)
    AMBIT_SKIP(std::string("user namespaces: ") + std::strerror(err));
  start(profile("SCMP_ACT_ALLOW", "getppid", "SCMP_ACT_NOTIFY"), no_child, "{}",
        CLONE_NEWUSER | CLONE_NEWPID);
  receive();
  EXPECT_EQ(end_of(pid_), 0);
}

TEST_F(ListenerTest, WithoutAReceiverTheInstallFails) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  ours.reset();
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::alarm(kDeadlineMsec / 1000);
    const auto confined = confine(profile("SCMP_ACT_ALLOW", "getpid", "SCMP_ACT_NOTIFY"),
                                  {.socket_fd = theirs.release(), .message = "{}"});
    if (confined || confined.error().sys_errno() != EPIPE) ::_exit(1);
    // Nobody holds the descriptor, so nothing hangs.
    ::_exit(errno_of_getpid());
  }
  EXPECT_EQ(end_of(pid), ENOSYS);
}

TEST_F(ListenerTest, ARefusedFilterEndsTheThread) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const std::string no_program(8, '\xff');
  const auto refused = install_seccomp(no_program, 0, {.socket_fd = theirs.get(), .message = "{}"});
  ASSERT_FALSE(refused);
  // EACCES comes first where the caller could install none at all.
  EXPECT_TRUE(refused.error().sys_errno() == EINVAL || refused.error().sys_errno() == EACCES);
  EXPECT_GE(::fcntl(theirs.get(), F_GETFD), 0);
  int tasks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    (void)entry;
    ++tasks;
  }
  EXPECT_LE(tasks, 1);
}

}  // namespace
}  // namespace ambit::sandbox
