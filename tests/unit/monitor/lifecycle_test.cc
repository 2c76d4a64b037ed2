#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "os/cgroup.h"
#include "os/file.h"
#include "unit/monitor/monitor_run.h"

// Start, stop, kill and exit of one container under a monitor, as ambitd sees them.
namespace ambit::test {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

class MonitorLifecycleTest : public MonitorFixture {
 protected:
  void SetUp() override {
    MonitorFixture::SetUp();
    AMBIT_REQUIRE_CONTAINERS();
  }
};

std::string cgroup_of(std::int64_t pid) {
  const auto path = os::cgroup_of(static_cast<pid_t>(pid));
  return path ? *path : path.error().message();
}

TEST_F(MonitorLifecycleTest, ExitCodeOfTheContainerIsSentAndRecorded) {
  MonitorRun run(*this, {.command = {"exit", "42"}});
  run.start();
  const MonitorMessage exited = run.expect_exited();
  EXPECT_EQ(exited.a, 42);
  EXPECT_EQ(exited.text, "exited");
  EXPECT_EQ(run.record().exit_code, 42);
  EXPECT_EQ(run.record().reason, "exited");
  EXPECT_EQ(run.record().exited_usec, exited.b);
  EXPECT_FALSE(run.record().oom_killed);
  EXPECT_GE(run.record().exited_usec, run.record().started_usec);
  EXPECT_EQ(run.record().boot_id, *os::boot_id());
}

TEST_F(MonitorLifecycleTest, StopOfSystemdAfterTheContainersTimeIsATimeout) {
  MonitorOptions options{.command = {"wait"}};
  options.settings.runtime_max_usec = 1;
  options.settings.stop_timeout_usec = 1000;
  MonitorRun run(*this, options);
  run.start();
  run.signal(SIGURG);
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.expect_exited().text, "timeout");
  EXPECT_EQ(run.record().reason, "timeout");
}

TEST_F(MonitorLifecycleTest, StopOfSystemdBeforeTheContainersTimeIsNone) {
  MonitorOptions options{.command = {"wait"}};
  options.settings.runtime_max_usec = 3'600'000'000;
  options.settings.stop_timeout_usec = 1000;
  MonitorRun run(*this, options);
  run.start();
  run.signal(SIGURG);
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.expect_exited().text, "signal");
}

TEST_F(MonitorLifecycleTest, StopByAmbitdIsNoTimeoutHoweverLate) {
  MonitorOptions options{.command = {"wait"}};
  options.settings.runtime_max_usec = 1;
  options.settings.stop_timeout_usec = 1000;
  MonitorRun run(*this, options);
  run.start();
  run.send({.type = MonitorMessageType::Stop, .a = -1});
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.expect_exited().text, "signal");
}

TEST_F(MonitorLifecycleTest, MonitorAndContainerLiveInTheirOwnCgroups) {
  MonitorRun run(*this, {.command = {"wait"}});
  run.expect(MonitorMessageType::Ready);
  run.send({.type = MonitorMessageType::Go, .text = run.scope()});
  const MonitorMessage started = run.expect(MonitorMessageType::Started);
  EXPECT_EQ(cgroup_of(started.a), run.scope() + "/payload");
  EXPECT_EQ(cgroup_of(run.pid()), run.scope() + "/supervisor");
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
}

TEST_F(MonitorLifecycleTest, NothingRunsBeforeGo) {
  MonitorRun run(*this, {.command = {"print", "hello"}, .clients = {"stdout"}});
  run.expect(MonitorMessageType::Ready);
  pollfd out = {run.client("stdout"), POLLIN, 0};
  EXPECT_EQ(::poll(&out, 1, 200), 0);  // what does not happen has no event
  run.send({.type = MonitorMessageType::Go, .text = run.scope()});
  run.expect(MonitorMessageType::Started);
  EXPECT_EQ(run.read_to_end("stdout"), "hello");
  run.expect_exited();
}

TEST_F(MonitorLifecycleTest, GoMayComeBeforeTheContainerIsReady) {
  MonitorRun run(*this, {.command = {"exit", "7"}});
  run.send({.type = MonitorMessageType::Go, .text = run.scope()});
  run.expect(MonitorMessageType::Ready);
  run.expect(MonitorMessageType::Started);
  EXPECT_EQ(run.expect_exited().a, 7);
}

TEST_F(MonitorLifecycleTest, ACommandThatIsMissingIsToldAndLeavesNothing) {
  MonitorOptions options{.command = {"x"}};
  std::filesystem::remove(folder() + "/root/payload");
  MonitorRun run(*this, options);
  // Whether the command is there may be found out before or after Go.
  MonitorMessage message = run.expect_either(MonitorMessageType::Ready, MonitorMessageType::Failed);
  if (message.type == MonitorMessageType::Ready) {
    run.send({.type = MonitorMessageType::Go, .text = run.scope()});
    message = run.expect(MonitorMessageType::Failed);
  }
  EXPECT_EQ(static_cast<int>(message.code), static_cast<int>(ErrorCode::CommandNotFound));
  EXPECT_TRUE(run.wait_for_end());
  EXPECT_FALSE(run.has_record());
  EXPECT_FALSE(std::filesystem::exists(run.run_folder() + "/monitor.sock"));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup" + run.scope() + "/payload"));
}

TEST_F(MonitorLifecycleTest, AScopeThatIsNotThereFailsTheStart) {
  MonitorRun run(*this, {.command = {"print", "must not run"}, .clients = {"stdout"}});
  run.expect(MonitorMessageType::Ready);
  run.send({.type = MonitorMessageType::Go, .text = "/no/such.scope"});
  const MonitorMessage failed = run.expect(MonitorMessageType::Failed);
  EXPECT_NE(failed.text.find("/no/such.scope"), std::string::npos) << failed.text;
  EXPECT_TRUE(run.wait_for_end());
  EXPECT_EQ(run.read_to_end("stdout"), "");
}

TEST_F(MonitorLifecycleTest, AbortEndsAStartWithoutARecord) {
  MonitorRun run(*this, {.command = {"wait"}, .clients = {"stdout"}});
  run.expect(MonitorMessageType::Ready);
  run.send({.type = MonitorMessageType::Abort});
  EXPECT_TRUE(run.wait_for_end());
  EXPECT_EQ(run.read_to_end("stdout"), "");
  EXPECT_FALSE(run.has_record());
}

TEST_F(MonitorLifecycleTest, LosingAmbitdBeforeTheCommandRunsEndsTheStart) {
  MonitorRun run(*this, {.command = {"wait"}, .clients = {"stdout"}});
  run.expect(MonitorMessageType::Ready);
  run.disconnect();
  EXPECT_TRUE(run.wait_for_end());
  EXPECT_EQ(run.read_to_end("stdout"), "");
  EXPECT_FALSE(run.has_record());
  EXPECT_FALSE(std::filesystem::exists(run.run_folder() + "/monitor.sock"));
}

TEST_F(MonitorLifecycleTest, TheContainerOutlivesAmbitdAndANewOneIsTold) {
  MonitorRun run(*this, {.command = {"deaf"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  run.disconnect();
  run.reconnect();
  run.send({.type = MonitorMessageType::Hello});
  const MonitorMessage state = run.expect(MonitorMessageType::State);
  EXPECT_EQ(state.text, "running");
  EXPECT_EQ(cgroup_of(state.a), run.scope() + "/payload");
  EXPECT_GT(state.b, 0);
  run.send({.type = MonitorMessageType::Stop, .a = 60'000'000});
  run.expect(MonitorMessageType::Stopping);
  run.send({.type = MonitorMessageType::Hello});
  EXPECT_EQ(run.expect(MonitorMessageType::State).text, "stopping");
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  EXPECT_EQ(run.expect_exited().a, 137);
}

TEST_F(MonitorLifecycleTest, EverybodyWhoSaidHelloIsTold) {
  MonitorRun run(*this, {.command = {"wait"}});
  run.start();
  PeerConnection second(run.run_folder());
  second.send({.type = MonitorMessageType::Hello});
  second.expect(MonitorMessageType::State);
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  EXPECT_EQ(second.expect(MonitorMessageType::Exited).a, 137);
  run.expect_exited();
}

#if !defined(__SANITIZE_ADDRESS__)
long resident_kib(pid_t pid) {
  auto text = os::read_file_at(AT_FDCWD, "/proc/" + std::to_string(pid) + "/status", 1 << 16);
  if (!text) return -1;
  return std::atol(text->c_str() + text->find("VmRSS:") + std::strlen("VmRSS:"));
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    (void)::usleep(10'000);
  }
  return true;
}

TEST_F(MonitorLifecycleTest, AMonitorThatWaitsTakesLessThanAMebibyte) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"stdin", "stdout"}});
  run.start();
  for (const std::string& text : {std::string(1000, 'a'), std::string(60'000, 'b')}) {
    ASSERT_TRUE(os::write_all(run.client("stdin"), text + "\n"));
    run.read_until("stdout", "\n");
    EXPECT_TRUE(wait_until([&] { return resident_kib(run.pid()) < 1024; }))
        << resident_kib(run.pid()) << " KiB";
  }
  run.close_client("stdin");
  run.expect_exited();
}
#endif

// --- stop ---

TEST_F(MonitorLifecycleTest, SigurgSendsTheStopSignalToTheFirstProcessAlone) {
  MonitorOptions options{.command = {"signals"}, .clients = {"stdout"}};
  options.settings.stop_signal = SIGUSR1;
  MonitorRun run(*this, options);
  run.start();
  run.read_until("stdout", "ready\n");
  run.signal(SIGURG);
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.read_to_end("stdout"), "first got 10\n");
  EXPECT_EQ(run.expect_exited().a, 3);
}

TEST_F(MonitorLifecycleTest, AStopIsSaidAndSignalledOnce) {
  MonitorRun run(*this, {.command = {"deaf"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  for (int i = 0; i < 3; ++i) run.signal(SIGURG);
  run.expect(MonitorMessageType::Stopping);
  run.send({.type = MonitorMessageType::Stop, .a = 0});
  EXPECT_EQ(run.expect_exited().a, 137);
}

TEST_F(MonitorLifecycleTest, ADeafContainerIsKilledWhenItsOwnTimeIsUp) {
  MonitorOptions options{.command = {"deaf"}, .clients = {"stdout"}};
  options.settings.stop_timeout_usec = 100'000;
  MonitorRun run(*this, options);
  run.start();
  run.read_until("stdout", "ready\n");
  run.disconnect();  // nobody but systemd is there
  run.signal(SIGURG);
  ASSERT_TRUE(run.wait_for_end());
  EXPECT_EQ(run.record().exit_code, 137);
  EXPECT_EQ(run.record().reason, "signal");
  // And the journal says why, in a record that is no output.
  const JournalRecord note = without_events(journal().records()).back();
  EXPECT_EQ(note.count("AMBIT_STREAM"), 0U);
  EXPECT_NE(note.at("MESSAGE").find("SIGTERM"), std::string::npos);
}

TEST_F(MonitorLifecycleTest, ItsStartItsStopAndItsEndAreInTheJournalAroundItsOutput) {
  MonitorOptions options{.command = {"signals"}, .clients = {"stdout"}};
  options.settings.unit = "ambit-web.scope";
  options.settings.labels = "{\"a\":\"b\"}";
  MonitorRun run(*this, options);
  run.start();
  run.read_until("stdout", "ready\n");
  run.signal(SIGURG);
  run.expect(MonitorMessageType::Stopping);
  run.expect_exited();
  ASSERT_TRUE(journal().wait_for([](const std::vector<JournalRecord>& records) {
    return !records.empty() && records.back().count("AMBIT_EXIT_CODE") > 0;
  }));
  const auto records = journal().records();
  EXPECT_EQ(records.front().at("MESSAGE"), "web started");
  EXPECT_EQ(records.back().at("MESSAGE"), "web exited with code 3");
  EXPECT_EQ(records.back().at("AMBIT_EXIT_CODE"), "3");
  EXPECT_EQ(records.back().at("AMBIT_EXIT_REASON"), "exited");
  EXPECT_EQ(records.back().at("USER_UNIT"), "ambit-web.scope");
  EXPECT_EQ(records.back().at("AMBIT_LABELS"), "{\"a\":\"b\"}");
  EXPECT_EQ(std::count_if(records.begin(), records.end(),
                          [](const JournalRecord& record) {
                            return record.count("AMBIT_SIGNAL") > 0 &&
                                   record.at("MESSAGE") == "web is being stopped with SIGTERM";
                          }),
            1);
}

TEST_F(MonitorLifecycleTest, AShorterTimeoutReplacesTheOneUnderWay) {
  MonitorRun run(*this, {.command = {"deaf"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  run.send({.type = MonitorMessageType::Stop, .a = 3'600'000'000});
  run.expect(MonitorMessageType::Stopping);
  run.send({.type = MonitorMessageType::Stop, .a = 7'200'000'000});
  run.send({.type = MonitorMessageType::Stop, .a = 10'000});
  EXPECT_EQ(run.expect_exited().a, 137);
}

TEST_F(MonitorLifecycleTest, SetStopChangesTheSignalOfARunningContainer) {
  MonitorRun run(*this, {.command = {"signals"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  run.send({.type = MonitorMessageType::SetStop, .a = SIGHUP, .b = -1});
  run.send({.type = MonitorMessageType::Stop, .a = -1});
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.read_to_end("stdout"), "first got 1\n");
  run.expect_exited();
}

TEST_F(MonitorLifecycleTest, SignalsMeantForTheContainerDoNotEndTheMonitor) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"stdin", "stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  for (const int signal : {SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT, SIGSEGV, SIGTSTP,
                           SIGCONT, SIGRTMIN, SIGCHLD, SIGWINCH})
    run.signal(signal);
  ASSERT_EQ(::write(run.client("stdin"), "alive\n", 6), 6);
  EXPECT_EQ(run.read_until("stdout", "\n"), "alive\n");
  run.close_client("stdin");
  EXPECT_EQ(run.expect_exited().a, 0);
}

TEST_F(MonitorLifecycleTest, ATermToTheMonitorIsAStop) {
  MonitorRun run(*this, {.command = {"signals"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  run.signal(SIGTERM);
  run.expect(MonitorMessageType::Stopping);
  EXPECT_EQ(run.read_to_end("stdout"), "first got 15\n");
  run.expect_exited();
}

TEST_F(MonitorLifecycleTest, AStopDuringTheStartEndsIt) {
  MonitorRun run(*this, {.command = {"wait"}});
  run.expect(MonitorMessageType::Ready);
  run.signal(SIGURG);
  run.expect(MonitorMessageType::Failed);
  EXPECT_TRUE(run.wait_for_end());
  EXPECT_FALSE(run.has_record());
}

// --- kill and exit ---

TEST_F(MonitorLifecycleTest, KillSendsAnySignalToTheFirstProcess) {
  MonitorRun run(*this, {.command = {"signals"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  run.send({.type = MonitorMessageType::Kill, .a = SIGUSR1});
  EXPECT_EQ(run.read_to_end("stdout"), "first got 10\n");
  EXPECT_EQ(run.expect_exited().a, 3);
}

TEST_F(MonitorLifecycleTest, AFrozenContainerCanBeKilled) {
  MonitorRun run(*this, {.command = {"wait"}, .clients = {"stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  std::ofstream("/sys/fs/cgroup" + run.scope() + "/payload/cgroup.freeze") << "1";
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  EXPECT_EQ(run.expect_exited().a, 137);
}

TEST_F(MonitorLifecycleTest, AProcessLeftBehindEndsWithTheFirst) {
  MonitorRun run(*this, {.command = {"leave-child"}, .clients = {"stdout"}});
  run.start();
  EXPECT_EQ(run.read_to_end("stdout"), "parent ends\n");
  EXPECT_EQ(run.expect_exited().a, 0);
}

TEST_F(MonitorLifecycleTest, CgroupsOfTheContainersOwnAreRemoved) {
  MonitorRun run(*this, {.command = {"cgroups"}, .writable_cgroups = true});
  run.start();
  EXPECT_EQ(run.expect_exited().a, 0);
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup" + run.scope() + "/payload"));
}

TEST_F(MonitorLifecycleTest, TheSocketIsGoneAfterTheExit) {
  MonitorRun run(*this, {.command = {"wait"}});
  run.start();
  EXPECT_TRUE(std::filesystem::exists(run.run_folder() + "/monitor.sock"));
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
  EXPECT_FALSE(std::filesystem::exists(run.run_folder() + "/monitor.sock"));
}

}  // namespace
}  // namespace ambit::test
