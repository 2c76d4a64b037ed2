#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "container_fixture.h"
#include "os/process.h"
#include "os/socket.h"

namespace ambit::sandbox {
namespace {

using StartTest = ContainerTest;

constexpr int kDeadlineMs = 20000;

bool ends_in_time(int pidfd) {
  pollfd poll_fd = {.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&poll_fd, 1, kDeadlineMs) == 1;
}

TEST_F(StartTest, CommandDoesNotRunBeforeGo) {
  const std::string marker = (root_ / "work/marker").string();
  bool existed = true;
  const Outcome outcome = run({"touch", "/work/marker"}, [&](Child& child) -> Result<void> {
    if (::access(marker.c_str(), F_OK) == 0) return Error(ErrorCode::Internal, "ran before go");
    const auto event = child.next_event();
    if (event || event.error().code() != ErrorCode::Busy)
      return Error(ErrorCode::Internal, "an event before go");
    return {};
  });
  existed = std::filesystem::exists(marker);
  EXPECT_TRUE(outcome.executed) << outcome.error.message();
  EXPECT_TRUE(existed);
}

TEST_F(StartTest, ChildThatDiesWithoutAWordFailsWithItsStepAndStatus) {
  spec_.process.args = {"true"};
  const auto result = in_monitor([&]() -> Result<std::string> {
    Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(os::send_signal(child.pidfd(), SIGKILL));
    ChildEvent event = AMBIT_TRY(await_event(child));
    if (event.kind != ChildEventKind::Failed) return Error(ErrorCode::Internal, "not Failed");
    if (::waitpid(-1, nullptr, 0) != -1) return Error(ErrorCode::Internal, "not reaped");
    return event.error.message();
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "the container's first process died while waiting for go: killed by SIGKILL");
}

TEST_F(StartTest, ErrorOfTheChildArrivesWithItsErrnoAndIsReaped) {
  spec_.process.args = {"true"};
  spec_.root_path = (dir_ / "nowhere").string();
  const auto result = in_monitor([&]() -> Result<std::string> {
    Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
    ChildEvent event = AMBIT_TRY(await_event(child));
    if (event.kind != ChildEventKind::Failed) return Error(ErrorCode::Internal, "not Failed");
    if (::waitpid(-1, nullptr, 0) != -1) return Error(ErrorCode::Internal, "not reaped");
    if (event.error.code() != ErrorCode::NotFound || event.error.sys_errno() != ENOENT)
      return Error(ErrorCode::Internal, "code or errno lost");
    return event.error.message();
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "root " + spec_.root_path + ": opening " + spec_.root_path +
                         ": No such file or directory");
}

TEST_F(StartTest, ChildThatIsGivenUpIsKilledAndReaped) {
  spec_.process.args = {"sleep", "1000"};
  const auto result = in_monitor([&]() -> Result<std::string> {
    {
      Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
      AMBIT_TRY(await_ready(child));
    }
    return std::string(::waitpid(-1, nullptr, WNOHANG) == -1 ? "gone" : "left");
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "gone");
}

// The monitor dies at two moments: while its child waits, and while its command runs.
TEST_F(StartTest, ContainerDiesWithItsMonitor) {
  spec_.process.args = {"sleep", "1000"};
  for (const bool executed : {false, true}) {
    auto pair = os::packet_pair();
    ASSERT_TRUE(pair);
    const auto result = in_monitor([&]() -> Result<std::string> {
      Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
      AMBIT_TRY(await_ready(child));
      if (executed) {
        AMBIT_TRY(child.go());
        AMBIT_TRY(await_executed(child));
      }
      AMBIT_TRY(os::send_packet((*pair).second.get(), "x", {child.pidfd()}));
      ::_exit(0);
    });
    EXPECT_FALSE(result);
    auto packet = os::receive_packet((*pair).first.get());
    ASSERT_TRUE(packet) << packet.error().message();
    ASSERT_EQ((*packet).fds.size(), 1U);
    EXPECT_TRUE(ends_in_time((*packet).fds.front().get())) << executed;
  }
}

// An ordinary user changes ids on the way to execve, and the kernel forgets the signal then.
TEST_F(StartTest, ContainerOfAnOrdinaryUserDiesWithItsMonitor) {
  if (!has_id_ranges()) AMBIT_SKIP("no subordinate ids");
  spec_.process.args = {"sleep", "1000"};
  spec_.ambit.user = "web";
  auto pair = os::packet_pair();
  ASSERT_TRUE(pair);
  const auto result = in_monitor([&]() -> Result<std::string> {
    Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    AMBIT_TRY(os::send_packet((*pair).second.get(), "x", {child.pidfd()}));
    ::_exit(0);
  });
  auto packet = os::receive_packet((*pair).first.get());
  ASSERT_TRUE(packet) << packet.error().message();
  ASSERT_EQ((*packet).fds.size(), 1U);
  EXPECT_TRUE(ends_in_time((*packet).fds.front().get()));
}

TEST_F(StartTest, IdMapsRepeatTheMonitorsLineByLine) {
  const std::string lines = sh("cat /proc/self/uid_map | wc -l");
  EXPECT_EQ(lines, has_id_ranges() ? "2\n" : "1\n");
}

TEST_F(StartTest, IdMapsOfTheSpecMakeAnotherIdTheUser) {
  if (!has_id_ranges()) AMBIT_SKIP("no subordinate ids");
  spec_.uid_mappings = {{.container_id = 1000, .host_id = 0, .size = 1},
                        {.container_id = 0, .host_id = 1, .size = 1000}};
  spec_.gid_mappings = spec_.uid_mappings;
  // The image's files belong to the user, who is 1000 inside.
  EXPECT_EQ(sh("id -u; stat -c %u /bin/busybox; stat -c %u /dev"), "0\n1000\n0\n");
}

TEST_F(StartTest, MappingOfForeignIdsIsRefused) {
  spec_.uid_mappings = {{.container_id = 0, .host_id = 4000000000, .size = 1}};
  const Outcome outcome = run({"true"});
  EXPECT_EQ(outcome.error.code(), ErrorCode::InvalidArgument);
}

TEST_F(StartTest, SignalMaskAndDispositionsAreReset) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  (void)::sigprocmask(SIG_BLOCK, &all, &before);
  (void)::signal(SIGPIPE, SIG_IGN);
  const Outcome outcome = run({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"});
  (void)::signal(SIGPIPE, SIG_DFL);
  (void)::sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(outcome.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

}  // namespace
}  // namespace ambit::sandbox
