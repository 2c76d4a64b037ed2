#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/strings.h"
#include "container_fixture.h"
#include "os/file.h"
#include "os/process.h"
#include "sandbox/enter.h"

namespace ambit::sandbox {
namespace {

class ExecTest : public ContainerTest {
 protected:
  // Starts a container that sleeps, executes in it, and returns the code and the output of that.
  Result<std::string> exec(const std::vector<std::string>& args) {
    return with_container([&](Child& container) -> Result<std::string> {
      const UniqueFd out(::memfd_create("test", MFD_CLOEXEC));
      spec::ProcessSpec process = spec_.process;
      process.args = args;
      Child child = AMBIT_TRY(start_exec({.pidfd = container.pidfd(),
                                          .placement = ExecPlacement::OfCaller,
                                          .process = &process,
                                          .user = spec_.ambit.user,
                                          .stdio = {.stdout_fd = out.get(), .stderr_fd = out.get()},
                                          .seccomp = {.bpf = seccomp_}}));
      return run_to_end(std::move(child), out.get());
    });
  }

  Result<std::string> with_container(const std::function<Result<std::string>(Child&)>& body) const {
    return in_monitor([&]() -> Result<std::string> {
      spec::RuntimeSpec spec = spec_;
      spec.process.args = {"sleep", "1000"};
      spec.process.terminal = false;
      Child container = AMBIT_TRY(Child::start({.spec = &spec, .seccomp = {.bpf = seccomp_}}));
      AMBIT_TRY(await_ready(container));
      AMBIT_TRY(container.go());
      AMBIT_TRY(await_executed(container));
      Result<std::string> result = body(container);
      AMBIT_TRY(os::send_signal(container.pidfd(), SIGKILL));
      AMBIT_TRY(await_exit(container));
      return result;
    });
  }

  std::string text(const Result<std::string>& result) {
    return result ? *result : "error: " + result.error().message();
  }
};

TEST_F(ExecTest, ProcessIsInTheContainersNamespaces) {
  EXPECT_EQ(text(exec({"sh", "-c", "cat /proc/1/comm; hostname; ls /.. | head -1"})),
            "0 sleep\nbox\nbin\n");
  EXPECT_EQ(
      text(exec({"sh", "-c",
                 "for n in user mnt pid net ipc uts cgroup; do test $(readlink /proc/1/ns/$n) "
                 "= $(readlink /proc/self/ns/$n) || echo $n; done"})),
      "0 ");
}

TEST_F(ExecTest, NetworkOfTheHostStaysTheNetwork) {
  spec_.namespaces.pop_back();
  EXPECT_EQ(
      text(exec({"sh", "-c", "test $(readlink /proc/1/ns/net) = $(readlink /proc/self/ns/net)"})),
      "0 ");
}

TEST_F(ExecTest, NothingOfTheHostIsInherited) {
  UniqueFd leak(::open("/etc/passwd", O_RDONLY));
  ::setenv("HOST_SECRET", "1", 1);
  EXPECT_EQ(text(exec({"ls", "/proc/self/fd"})), "0 0\n1\n2\n3\n");
  EXPECT_EQ(text(exec({"sh", "-c", "env | grep -c HOST; pwd"})), "0 0\n/\n");
}

TEST_F(ExecTest, PrivilegesAreDroppedAsForTheContainer) {
  EXPECT_EQ(text(exec({"grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"})),
            "0 CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\nCapEff:\t00000000800405fb\n"
            "CapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_F(ExecTest, UserIsLookedUpInTheContainer) {
  if (!has_id_ranges()) AMBIT_SKIP("no subordinate ids");
  spec_.ambit.user = "web";
  EXPECT_EQ(text(exec({"id"})), "0 uid=33(web) gid=34(web) groups=50(staff),51(log)\n");
}

TEST_F(ExecTest, MissingCommandIsNotFound) {
  const auto result = exec({"nosuch"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::CommandNotFound);
}

TEST_F(ExecTest, ContainerThatIsGoneIsNotRunning) {
  const auto result = with_container([&](Child& container) -> Result<std::string> {
    AMBIT_TRY(os::send_signal(container.pidfd(), SIGKILL));
    pollfd poll_fd = {.fd = container.pidfd(), .events = POLLIN, .revents = 0};
    (void)::poll(&poll_fd, 1, -1);
    spec::ProcessSpec process = spec_.process;
    process.args = {"true"};
    auto child = start_exec(
        {.pidfd = container.pidfd(), .placement = ExecPlacement::OfCaller, .process = &process});
    return std::string(child ? "started" : strf("%d", static_cast<int>(child.error().code())));
  });
  EXPECT_EQ(text(result), strf("%d", static_cast<int>(ErrorCode::NotRunning)));
}

TEST_F(ExecTest, InitIsNoObstacle) {
  spec_.ambit.init = true;
  EXPECT_EQ(text(exec({"cat", "/proc/1/comm"})), "0 ambit-init\n");
}

// What is written to a terminal's master until its other end is closed.
std::string read_terminal(int master_fd) {
  std::string text;
  char buffer[256];
  for (ssize_t n; (n = ::read(master_fd, buffer, sizeof buffer)) != 0;) {
    if (n < 0 && errno == EAGAIN) {
      pollfd poll_fd = {.fd = master_fd, .events = POLLIN, .revents = 0};
      if (::poll(&poll_fd, 1, 20000) != 1) return text + "(timeout)";
      continue;
    }
    if (n < 0) return text;  // EIO: hung up
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

constexpr char kTerminalScript[] =
    "stty size; tty; test /dev/tty -ef /dev/console && echo same; echo hi > /dev/tty; "
    "test -t 0 && test -t 1 && test -t 2 && echo all";

TEST_F(ExecTest, TerminalHasItsSizeBeforeTheCommandRuns) {
  spec_.process.terminal = true;
  spec_.process.console_size = spec::ConsoleSize{.rows = 50, .columns = 200};
  const auto result = with_container([&](Child& container) -> Result<std::string> {
    spec::ProcessSpec process = spec_.process;
    process.args = {"sh", "-c", kTerminalScript};
    Child child = AMBIT_TRY(start_exec({.pidfd = container.pidfd(),
                                        .placement = ExecPlacement::OfCaller,
                                        .process = &process,
                                        .seccomp = {.bpf = seccomp_}}));
    const ChildEvent ready = AMBIT_TRY(await_ready(child));
    AMBIT_TRY(await_executed(child));
    std::string shown = read_terminal(ready.console.get());
    AMBIT_TRY(await_exit(child));
    return shown;
  });
  EXPECT_EQ(text(result), "50 200\r\n/dev/pts/0\r\nhi\r\nall\r\n");
}

TEST_F(ExecTest, ConsoleOfTheContainerIsItsTerminal) {
  const auto result = in_monitor([&]() -> Result<std::string> {
    spec::RuntimeSpec spec = spec_;
    spec.process.terminal = true;
    spec.process.console_size = spec::ConsoleSize{.rows = 10, .columns = 20};
    spec.process.args = {"sh", "-c", std::string(kTerminalScript) + "; echo con > /dev/console"};
    Child child = AMBIT_TRY(Child::start({.spec = &spec, .seccomp = {.bpf = seccomp_}}));
    const ChildEvent ready = AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    std::string shown = read_terminal(ready.console.get());
    AMBIT_TRY(await_exit(child));
    return shown;
  });
  EXPECT_EQ(text(result), "10 20\r\n/dev/pts/0\r\nhi\r\nall\r\ncon\r\n");
}

}  // namespace
}  // namespace ambit::sandbox
