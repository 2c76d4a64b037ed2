#include "systemd/scope.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/strings.h"
#include "os/cgroup.h"

namespace ambit::systemd {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

enum class OnStop { Die, Ignore };

// A child that waits to be killed.
class Child {
 public:
  explicit Child(OnStop on_stop = OnStop::Die) {
    int ready[2];
    if (::pipe(ready) < 0) std::abort();
    pid_ = ::fork();
    if (pid_ != 0) {
      // A signal that comes before its handler is set would be ignored.
      ::close(ready[1]);
      char byte = 0;
      if (::read(ready[0], &byte, 1) != 1) std::abort();
      ::close(ready[0]);
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // SIGURG, the scope's stop signal, is ignored unless somebody takes it.
    if (on_stop == OnStop::Die) ::signal(SIGURG, [](int) { ::_exit(0); });
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::write(ready[1], "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

class ScopeTest : public testing::Test {
 protected:
  void SetUp() override {
    loop.emplace(*bus::EventLoop::create());
    Result<void> ready = connect();
    if (ready) return;
    if (std::getenv("AMBIT_TEST_MUST_RUN") != nullptr) FAIL() << ready.error().message();
    GTEST_SKIP() << "no user manager: " << ready.error().message();
  }

  void TearDown() override {
    if (!manager) return;
    (void)wait([&](auto done) { manager->stop_unit(unit, seconds(10), done); });
    (void)wait([&](auto done) { manager->unref_unit(unit, done); });
    (void)wait([&](auto done) { manager->reset_failed(unit, done); });
  }

  Result<void> connect() {
    bus.emplace(AMBIT_TRY(bus::Bus::open_user()));
    AMBIT_TRY(bus->attach(*loop));
    manager = AMBIT_TRY(ManagerClient::create(*bus, *loop));
    AMBIT_TRY(manager->version_now());
    return {};
  }

  // Runs the loop until the call has called back; an error where that takes too long.
  template <typename T = void>
  Result<T> wait(std::type_identity_t<std::function<void(std::function<void(Result<T>)>)>> call) {
    std::optional<Result<T>> answer;
    call([&answer](Result<T> result) { answer.emplace(std::move(result)); });
    const auto deadline = steady_clock::now() + seconds(20);
    while (!answer && steady_clock::now() < deadline)
      (void)loop->run_once(std::chrono::milliseconds(100));
    if (!answer) return Error(ErrorCode::Timeout, "no answer in the test");
    return std::move(*answer);
  }

  Result<std::string> start(pid_t pid, std::uint64_t stop_timeout_usec = 5'000'000) {
    return wait<std::string>([&](auto done) {
      start_scope(*manager,
                  {.unit = unit,
                   .description = "a scope of ambit's tests",
                   .pid = pid,
                   .stop_timeout_usec = stop_timeout_usec},
                  done);
    });
  }

  Result<UnitState> state() {
    return wait<UnitState>([&](auto done) { manager->get_unit(unit, done); });
  }

  // The same where there must be one.
  UnitState now() {
    auto current = state();
    if (current) return *current;
    ADD_FAILURE() << current.error().message();
    return {};
  }

  // Waits until the manager says so.
  bool becomes(const std::string& active_state) {
    const auto deadline = steady_clock::now() + seconds(20);
    bool changed = true;
    auto watch = manager->watch_unit(unit, [&](const UnitChange&) { changed = true; });
    while (steady_clock::now() < deadline) {
      if (std::exchange(changed, false)) {
        auto current = state();
        if (current && current->active_state == active_state) return true;
      }
      (void)loop->run_once(std::chrono::milliseconds(100));
    }
    return false;
  }

  std::optional<bus::EventLoop> loop;
  std::optional<bus::Bus> bus;
  std::unique_ptr<ManagerClient> manager;
  std::string unit = scope_unit(strf("test-%d", static_cast<int>(::getpid())));
};

TEST_F(ScopeTest, AProcessLivesInItsScopesCgroupBelowOurSlice) {
  Child child;
  auto group = start(child.pid());
  ASSERT_TRUE(group) << group.error().message();
  EXPECT_EQ(*os::cgroup_of(child.pid()), *group);
  const std::string tail = std::string("/ambit.slice/") + unit;
  EXPECT_EQ(group->substr(group->size() - tail.size()), tail);
  EXPECT_EQ(now().active_state, "active");
}

TEST_F(ScopeTest, AStopIsSigurgToEveryProcessAndNothingElse) {
  Child child;
  ASSERT_TRUE(start(child.pid()));
  const auto stopped = wait([&](auto done) { manager->stop_unit(unit, seconds(10), done); });
  ASSERT_TRUE(stopped) << stopped.error().message();
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid(), &status, 0), child.pid());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(ScopeTest, WhatIgnoresTheStopIsKilledWhenTheTimeIsUp) {
  Child child(OnStop::Ignore);
  ASSERT_TRUE(start(child.pid(), 200'000));
  (void)wait([&](auto done) { manager->stop_unit(unit, seconds(10), done); });
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid(), &status, 0), child.pid());
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_EQ(now().result, "timeout");
}

TEST_F(ScopeTest, AnEndedScopeStaysReadableUntilItIsLetGo) {
  Child child;
  ASSERT_TRUE(start(child.pid()));
  child.kill();
  ASSERT_TRUE(becomes("inactive"));
  EXPECT_EQ(now().result, "success");
  ASSERT_TRUE(wait([&](auto done) { manager->unref_unit(unit, done); }));
  const auto after = state();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code(), ErrorCode::NotFound);
}

TEST_F(ScopeTest, ADeadUnitOfTheSameNameIsClearedAway) {
  Child first;
  ASSERT_TRUE(start(first.pid()));
  first.kill();
  ASSERT_TRUE(becomes("inactive"));
  Child second;
  const auto again = start(second.pid());
  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(ScopeTest, AFailedUnitOfTheSameNameIsClearedAway) {
  Child first(OnStop::Ignore);
  ASSERT_TRUE(start(first.pid(), 100'000));
  (void)wait([&](auto done) { manager->stop_unit(unit, seconds(10), done); });
  ASSERT_TRUE(becomes("failed"));
  Child second;
  const auto again = start(second.pid());
  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(ScopeTest, AnEmptyUnitThatTheManagerStillCallsActiveIsClearedAway) {
  Child first;
  ASSERT_TRUE(start(first.pid()));
  first.kill();  // The next start is there before the manager has heard of it, or after.
  Child second;
  const auto again = start(second.pid());
  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(ScopeTest, ARunningUnitOfTheSameNameIsLeftAlone) {
  Child first;
  auto group = start(first.pid());
  ASSERT_TRUE(group);
  Child second;
  const auto again = start(second.pid());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_NE(again.error().message().find(unit), std::string::npos) << again.error().message();
  EXPECT_EQ(*os::cgroup_of(first.pid()), *group);
  EXPECT_NE(*os::cgroup_of(second.pid()), *group);
}

TEST_F(ScopeTest, AProcessThatIsGoneIsAnError) {
  Child child;
  const pid_t pid = child.pid();
  child.kill();
  const auto result = start(pid);
  ASSERT_FALSE(result);
  EXPECT_FALSE(state());
}

TEST_F(ScopeTest, ARefusedPropertyIsNamedAndNothingIsLeft) {
  Child child;
  const auto result = wait<std::string>([&](auto done) {
    ScopeOptions options{.unit = unit, .description = "x", .pid = child.pid()};
    options.extra.set("NoSuchProperty", true);
    start_scope(*manager, std::move(options), done);
  });
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("NoSuchProperty"), std::string::npos)
      << result.error().message();
  ASSERT_TRUE(wait([&](auto done) { manager->unref_unit(unit, done); }));
  EXPECT_FALSE(state());
}

TEST_F(ScopeTest, ExtraPropertiesReachTheUnit) {
  Child child;
  const auto result = wait<std::string>([&](auto done) {
    ScopeOptions options{.unit = unit, .description = "x", .pid = child.pid()};
    options.extra.set("TasksMax", std::uint64_t{77});
    start_scope(*manager, std::move(options), done);
  });
  ASSERT_TRUE(result) << result.error().message();
  auto call =
      bus->new_call({kManagerService, unit_path(unit), "org.freedesktop.DBus.Properties", "Get"});
  ASSERT_TRUE(call->append(std::string("org.freedesktop.systemd1.Scope"), std::string("TasksMax")));
  auto answer = bus->call(*call);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->read<bus::Variant<std::uint64_t>>()->value, 77U);
}

TEST_F(ScopeTest, RunningScopesAreListedByPattern) {
  Child child;
  ASSERT_TRUE(start(child.pid()));
  const auto units = manager->list_units_now(kScopePattern);
  ASSERT_TRUE(units) << units.error().message();
  bool found = false;
  for (const UnitRow& row : *units) found = found || row.name == unit;
  EXPECT_TRUE(found);
}

TEST_F(ScopeTest, AKillReachesTheScopesProcesses) {
  Child child;
  ASSERT_TRUE(start(child.pid()));
  ASSERT_TRUE(wait([&](auto done) { manager->kill_unit(unit, SIGKILL, done); }));
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid(), &status, 0), child.pid());
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(ScopeTest, AJobThatTakesTooLongIsATimeout) {
  Child child(OnStop::Ignore);
  ASSERT_TRUE(start(child.pid(), 60'000'000));
  const auto stopped =
      wait([&](auto done) { manager->stop_unit(unit, std::chrono::milliseconds(50), done); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::Timeout);
  child.kill();
}

}  // namespace
}  // namespace ambit::systemd
