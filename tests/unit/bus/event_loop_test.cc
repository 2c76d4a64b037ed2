#include "bus/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/unique_fd.h"

namespace ambit::bus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) == 0) {
      read.reset(fds[0]);
      write.reset(fds[1]);
    }
  }
};

TEST(EventLoop, ExitsWithTheCodeGiven) {
  EventLoop loop = *EventLoop::create();
  auto source = loop.defer([&] { loop.exit(7); });
  ASSERT_TRUE(source);
  EXPECT_EQ(*loop.run(), 7);
}

TEST(EventLoop, AReadableDescriptorIsReported) {
  EventLoop loop = *EventLoop::create();
  Pipe pipe;
  std::uint32_t seen = 0;
  auto source = loop.on_io(pipe.read.get(), EPOLLIN, [&](std::uint32_t events) { seen = events; });
  ASSERT_TRUE(source);
  ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_EQ(seen, static_cast<std::uint32_t>(EPOLLIN));
}

TEST(EventLoop, ADestroyedSourceIsSilent) {
  EventLoop loop = *EventLoop::create();
  Pipe pipe;
  bool called = false;
  {
    auto source = loop.on_io(pipe.read.get(), EPOLLIN, [&](std::uint32_t) { called = true; });
    ASSERT_TRUE(source);
  }
  ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
  EXPECT_FALSE(*loop.run_once(milliseconds(0)));
  EXPECT_FALSE(called);
}

TEST(EventLoop, ACallbackMayDestroyItsOwnSource) {
  EventLoop loop = *EventLoop::create();
  auto kept = std::make_shared<int>(1);
  EventSource source;
  source = *loop.defer([&source, kept] {
    source.reset();
    *kept = 2;  // still alive
  });
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_EQ(*kept, 2);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(EventLoop, ATimerFiresOnceAndAgainWhenRestarted) {
  EventLoop loop = *EventLoop::create();
  int fired = 0;
  auto timer = loop.on_timer(milliseconds(1), [&] { fired++; });
  ASSERT_TRUE(timer);
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_FALSE(*loop.run_once(milliseconds(5)));
  EXPECT_EQ(fired, 1);
  ASSERT_TRUE(timer->restart(milliseconds(1)));
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_EQ(fired, 2);
}

TEST(EventLoop, AChildsEndIsReportedWithItsStatus) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
  EventLoop loop = *EventLoop::create();
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) ::_exit(3);
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ASSERT_TRUE(pidfd);
  std::optional<int> status;
  auto source = loop.on_child(pidfd.get(), [&](const siginfo_t& info) { status = info.si_status; });
  ASSERT_TRUE(source) << source.error().message();
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_EQ(status, 3);
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST(EventLoop, ASignalIsReported) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
  EventLoop loop = *EventLoop::create();
  unsigned seen = 0;
  auto source =
      loop.on_signal(SIGUSR1, [&](const signalfd_siginfo& info) { seen = info.ssi_signo; });
  ASSERT_TRUE(source);
  ASSERT_EQ(::raise(SIGUSR1), 0);
  ASSERT_TRUE(*loop.run_once(seconds(10)));
  EXPECT_EQ(seen, static_cast<unsigned>(SIGUSR1));
}

TEST(EventLoop, AnExceptionInACallbackDoesNotEndTheLoop) {
  EventLoop loop = *EventLoop::create();
  auto first = loop.defer([] { throw std::runtime_error("expected in this test"); });
  auto second = loop.defer([&] { loop.exit(0); });
  EXPECT_EQ(*loop.run(), 0);
}

}  // namespace
}  // namespace ambit::bus
