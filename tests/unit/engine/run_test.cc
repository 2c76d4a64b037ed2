#include "engine/run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>

#include "os/socket.h"

namespace ambit::engine {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;
using std::chrono::seconds;

// A monitor that is a sleeping process, and whose words the test says.
class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ASSERT_EQ(sigprocmask(SIG_BLOCK, &child, nullptr), 0);
    auto loop = bus::EventLoop::create();
    ASSERT_TRUE(loop);
    loop_.emplace(*std::move(loop));
    auto ends = os::packet_pair();
    ASSERT_TRUE(ends);
    near_ = std::move(ends->first);
    far_ = std::move(ends->second);
    monitor_.pid = ::fork();
    if (monitor_.pid == 0) {
      ::pause();
      ::_exit(0);
    }
    auto pidfd = os::open_pidfd(monitor_.pid);
    ASSERT_TRUE(pidfd);
    monitor_.pidfd = *std::move(pidfd);
    pid_ = monitor_.pid;
  }
  void TearDown() override {
    run_.reset();
    if (!monitor_ended_) ::kill(pid_, SIGKILL);
  }

  engine::Run::Events events() {
    return {
        .started = [this](pid_t pid, std::int64_t) { log_ += "started " + std::to_string(pid); },
        .failed = [this](const Error& error) { log_ += "failed " + error.message(); },
        .stopping = [this] { log_ += "stopping "; },
        .ended =
            [this](const RunEnd& end) {
              log_ += end.known ? "ended " + std::to_string(end.exit_code) : "lost";
            }};
  }

  void start() {
    auto run = engine::Run::start(
        *loop_, std::move(monitor_), std::move(near_),
        [this](pid_t, engine::Run::ScopeDone done) { scope_done_ = std::move(done); }, events());
    ASSERT_TRUE(run);
    run_ = *std::move(run);
  }

  void say(const MonitorMessage& message) {
    ASSERT_TRUE(os::send_packet(far_.get(), spec::write_monitor_message(message)));
    turn();
  }
  void turn() {
    while (true) {
      const auto more = loop_->run_once(std::chrono::milliseconds(0));
      if (!more || !*more) return;
    }
  }
  void until_log_has(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (log_.find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline)
      (void)loop_->run_once(std::chrono::milliseconds(100));
    EXPECT_NE(log_.find(text), std::string::npos) << log_;
  }
  std::optional<MonitorMessageType> heard() {
    auto packet = os::receive_packet(far_.get());
    if (!packet || packet->closed) return std::nullopt;
    return spec::parse_monitor_message(packet->bytes)->type;
  }
  void end_monitor() {
    far_.reset();
    ::kill(pid_, SIGKILL);
    monitor_ended_ = true;
  }

  std::optional<bus::EventLoop> loop_;
  UniqueFd near_, far_;
  os::Process monitor_;
  pid_t pid_ = 0;
  bool monitor_ended_ = false;
  engine::Run::ScopeDone scope_done_;
  std::string log_;
  std::unique_ptr<engine::Run> run_;
};

TEST_F(RunTest, GoesOnlyWhenTheChildIsReadyAndTheScopeIsThere) {
  start();
  say({.type = MonitorMessageType::Ready});
  EXPECT_EQ(heard(), std::nullopt);
  scope_done_(std::string("/no/such/cgroup"));
  EXPECT_EQ(heard(), MonitorMessageType::Go);
}

TEST_F(RunTest, GoesAlsoWhenTheScopeIsThereFirst) {
  start();
  scope_done_(std::string("/no/such/cgroup"));
  EXPECT_EQ(heard(), std::nullopt);
  say({.type = MonitorMessageType::Ready});
  EXPECT_EQ(heard(), MonitorMessageType::Go);
}

TEST_F(RunTest, WhyAStartFailedIsToldWhenItIsReadAfterTheMonitorsEnd) {
  start();
  scope_done_(std::string("/no/such/cgroup"));
  ::kill(pid_, SIGKILL);
  monitor_ended_ = true;
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  turn();
  say({.type = MonitorMessageType::Ready});
  say({.type = MonitorMessageType::Failed, .code = ErrorCode::NotFound, .text = "no such folder"});
  far_.reset();
  until_log_has("failed no such folder");
}

TEST_F(RunTest, HowTheMonitorEndedIsToldWhereItSaidNothing) {
  start();
  scope_done_(std::string("/no/such/cgroup"));
  end_monitor();
  until_log_has("failed ambit-monitor was ended by signal 9");
}

TEST_F(RunTest, EndsWithTheMonitorsWordWhenTheMonitorIsGone) {
  start();
  say({.type = MonitorMessageType::Ready});
  scope_done_(std::string("/no/such/cgroup"));
  say({.type = MonitorMessageType::Started, .a = 42});
  EXPECT_EQ(log_, "started 42");
  say({.type = MonitorMessageType::Exited, .a = 7, .text = "exited"});
  EXPECT_EQ(log_, "started 42");  // not before its process is gone
  end_monitor();
  until_log_has("ended 7");
}

TEST_F(RunTest, IsLostWhereTheMonitorWasKilledWithoutAWord) {
  start();
  say({.type = MonitorMessageType::Ready});
  scope_done_(std::string("/no/such/cgroup"));
  say({.type = MonitorMessageType::Started, .a = 42});
  end_monitor();
  until_log_has("lost");
}

TEST_F(RunTest, AFailedScopeAbortsTheMonitorAndFailsTheStart) {
  start();
  scope_done_(Error(ErrorCode::AlreadyExists, "unit exists"));
  EXPECT_EQ(heard(), MonitorMessageType::Abort);
  EXPECT_EQ(log_, "");
  end_monitor();
  until_log_has("failed unit exists");
}

TEST_F(RunTest, TheMonitorsErrorIsTheStartsAndWaitsForTheScope) {
  start();
  say({.type = MonitorMessageType::Failed,
       .code = ErrorCode::CommandNotFound,
       .text = "nosuch: not found"});
  end_monitor();
  turn();
  EXPECT_EQ(log_, "");  // the scope's answer is still due
  scope_done_(Error(ErrorCode::NotFound, "process gone"));
  until_log_has("failed nosuch: not found");
}

TEST_F(RunTest, StopDuringTheStartGivesTheStartUp) {
  start();
  run_->stop(UINT64_MAX);
  EXPECT_EQ(heard(), MonitorMessageType::Abort);
  scope_done_(std::string("/no/such/cgroup"));
  EXPECT_EQ(heard(), std::nullopt);  // and never Go
  end_monitor();
  until_log_has("failed stopped while it was starting");
}

TEST_F(RunTest, StopTellsTheMonitorTheTime) {
  start();
  say({.type = MonitorMessageType::Ready});
  scope_done_(std::string("/no/such/cgroup"));
  EXPECT_EQ(heard(), MonitorMessageType::Go);
  say({.type = MonitorMessageType::Started, .a = 42});
  run_->stop(1000);
  EXPECT_EQ(heard(), MonitorMessageType::Stop);
  say({.type = MonitorMessageType::Stopping});
  EXPECT_NE(log_.find("stopping"), std::string::npos);
}

TEST_F(RunTest, AttachAnswersComeInOrderAndFailWhenItEnds) {
  start();
  say({.type = MonitorMessageType::Ready});
  scope_done_(std::string("/no/such/cgroup"));
  say({.type = MonitorMessageType::Started, .a = 42});
  std::string answers;
  const auto note = [&](const char* name) {
    return [&answers, name](const Result<std::vector<UniqueFd>>& fds) {
      answers += name + std::string(fds ? "+" : "-");
    };
  };
  run_->attach({"stdout"}, note("a"));
  run_->attach({"stdout"}, note("b"));
  run_->attach({"stdout"}, note("c"));
  say({.type = MonitorMessageType::Attached});
  say({.type = MonitorMessageType::Refused, .code = ErrorCode::Busy, .text = "no"});
  EXPECT_EQ(answers, "a+b-");
  end_monitor();
  until_log_has("lost");
  EXPECT_EQ(answers, "a+b-c-");
}

TEST_F(RunTest, WhatADeafMonitorIsToldWaitsUntilItHears) {
  monitor_ended_ = false;
  run_ = engine::Run::adopt_deaf(*loop_, "/no/such/cgroup", events());
  EXPECT_TRUE(run_->kill(SIGUSR1));
  run_->stop(5);
  EXPECT_TRUE(run_->is_deaf());
  run_->connect(std::move(near_));
  EXPECT_EQ(heard(), MonitorMessageType::Hello);
  EXPECT_EQ(heard(), MonitorMessageType::Kill);
  EXPECT_EQ(heard(), MonitorMessageType::Stop);
  EXPECT_FALSE(run_->is_deaf());
}

TEST_F(RunTest, ADeafMonitorThatIsGoneEndsTheRun) {
  run_ = engine::Run::adopt_deaf(*loop_, "/no/such/cgroup", events());
  run_->connect(Error(ErrorCode::Io, "nobody listens"));
  until_log_has("lost");
}

}  // namespace
}  // namespace ambit::engine
