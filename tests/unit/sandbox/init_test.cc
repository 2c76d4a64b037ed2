#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "container_fixture.h"
#include "os/process.h"

namespace ambit::sandbox {
namespace {

class InitTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    spec_.ambit.init = true;
  }
};

TEST_F(InitTest, CommandIsAChildAndItsCodeTheContainers) {
  EXPECT_EQ(sh("cat /proc/1/comm; test $$ -ne 1 && exit 3"), "ambit-init\nexit code 3\n");
  EXPECT_EQ(run({"sh", "-c", "kill -9 $$"}).exit_code, 137);
}

TEST_F(InitTest, OrphansAreReaped) {
  // The orphan says when its own child is gone from its hands; then it is looked for as a zombie.
  EXPECT_EQ(sh("mkdir /f; (sh -c 'exec true' & echo $! > /f/pid); p=$(cat /f/pid); "
               "while test -d /proc/$p; do :; done; echo reaped"),
            "reaped\n");
}

TEST_F(InitTest, IsolationHoldsForInitItself) {
  EXPECT_EQ(sh("grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/1/status"),
            "CapEff:\t00000000800405fb\nNoNewPrivs:\t1\nSeccomp:\t2\n");
  // Not dumpable: nobody in the container looks into it.
  EXPECT_NE(sh("cat /proc/1/environ").find("Permission denied"), std::string::npos);
}

TEST_F(InitTest, MissingCommandIsStillNotFound) {
  EXPECT_EQ(run({"nosuch"}).error.code(), ErrorCode::CommandNotFound);
  write("bin/garbage", "garbage", std::filesystem::perms(0755));
  const Outcome outcome = run({"garbage"});
  EXPECT_EQ(outcome.error.code(), ErrorCode::CommandNotExecutable);
  EXPECT_NE(outcome.error.message().find("Exec format error"), std::string::npos);
}

TEST_F(InitTest, SignalsReachTheCommand) {
  const auto result = in_monitor([&]() -> Result<std::string> {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
    const UniqueFd read_end(ends[0]);
    const UniqueFd write_end(ends[1]);
    spec::RuntimeSpec spec = spec_;
    spec.process.args = {"sh", "-c", "trap 'exit 9' TERM; echo ready; sleep 1000 & wait"};
    Child child = AMBIT_TRY(Child::start(
        {.spec = &spec, .stdio = {.stdout_fd = write_end.get()}, .seccomp = {.bpf = seccomp_}}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    char byte = 0;
    if (::read(read_end.get(), &byte, 1) != 1) return Error(ErrorCode::Internal, "no answer");
    AMBIT_TRY(os::send_signal(child.pidfd(), SIGTERM));
    return std::to_string(AMBIT_TRY(await_exit(child)));
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "9");
}

TEST_F(InitTest, ReaderSeesTheEndWhenTheCommandClosesItsOutput) {
  const auto result = in_monitor([&]() -> Result<std::string> {
    // Made here, so that no other process has the writing end.
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    spec::RuntimeSpec spec = spec_;
    spec.process.args = {"sh", "-c", "exec >&- 2>&-; kill -STOP $$"};
    Child child = AMBIT_TRY(Child::start(
        {.spec = &spec, .stdio = {.stdout_fd = write_end.get()}, .seccomp = {.bpf = seccomp_}}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    write_end.reset();
    pollfd poll_fd = {.fd = read_end.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&poll_fd, 1, 20000);
    AMBIT_TRY(os::send_signal(child.pidfd(), SIGKILL));
    AMBIT_TRY(await_exit(child));
    return std::string(ready == 1 ? "end" : "still open");
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "end");
}

}  // namespace
}  // namespace ambit::sandbox
