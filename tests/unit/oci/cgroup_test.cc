#include "oci/cgroup.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/strings.h"
#include "os/cgroup.h"
#include "os/clone.h"
#include "support/child.h"

namespace ambit::oci {
namespace {

// A child that waits to be killed, with a child of its own.
class Child {
 public:
  explicit Child(int cgroup_fd = -1) {
    int ready[2];
    if (::pipe(ready) < 0) std::abort();
    auto process = os::clone_process({.cgroup_fd = cgroup_fd});
    if (!process) std::abort();
    pid_ = process->pid;
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::fork() == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::signal(SIGUSR1, [](int) { ::_exit(7); });
      if (::write(ready[1], "r", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    // Both are there, and both are to be seen as members of the cgroup.
    char byte = 0;
    for (int i = 0; i < 2; i++)
      if (::read(ready[0], &byte, 1) != 1) std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  // How it ended.
  int wait() {
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) return -1;
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

spec::Resources resources(const std::string& json) {
  auto parsed = spec::parse_resources(json);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : spec::Resources{};
}

Result<Cgroup> start(const CgroupRequest& request, pid_t pid) {
  CgroupStart start = AMBIT_TRY(CgroupStart::prepare(request));
  AMBIT_TRY(start.attach(pid));
  return start.finish();
}

bool lives_in(pid_t pid, const std::string& path) {
  const auto actual = os::cgroup_of(pid);
  return actual && *actual == path;
}

bool exists(const Cgroup& cgroup) { return os::open_cgroup(cgroup.path).has_value(); }

// What the user's manager says of a unit.
std::string property(const std::string& unit, const std::string& name) {
  const std::string command = "systemctl --user show --value -p " + name + " " + unit;
  FILE* pipe = ::popen(command.c_str(), "r");
  char line[512] = {};
  (void)!std::fgets(line, sizeof line, pipe);
  ::pclose(pipe);
  return std::string(trim(line));
}

// Scopes of the user's manager.
class ScopeCgroup : public testing::Test {
 protected:
  void SetUp() override {
    request = {.container_id = "c1",
               .cgroups_path = strf("ambittest.slice:unit:c%d", static_cast<int>(::getpid())),
               .manager = CgroupManager::Systemd};
    if (::geteuid() != 0 && property("basic.target", "ActiveState") == "active") return;
    if (std::getenv("AMBIT_TEST_MUST_RUN") != nullptr) FAIL() << "no user manager";
    GTEST_SKIP() << "no user manager";
  }
  void TearDown() override {
    if (started) (void)destroy_cgroup(*started);
  }

  // The cgroup of a container with this child.
  Cgroup start_with(const Child& child) {
    auto made = start(request, child.pid());
    if (!made) {
      ADD_FAILURE() << made.error().message();
      return {};
    }
    started = *made;
    return *made;
  }

  CgroupRequest request;
  std::optional<Cgroup> started;
};

TEST_F(ScopeCgroup, IsTheOneThatThePathNames) {
  Child child;
  const Cgroup cgroup = start_with(child);
  EXPECT_EQ(cgroup.scope, strf("unit-c%d.scope", static_cast<int>(::getpid())));
  const std::string tail = "/ambittest.slice/" + cgroup.scope;
  ASSERT_GT(cgroup.path.size(), tail.size());
  EXPECT_EQ(cgroup.path.substr(cgroup.path.size() - tail.size()), tail);
  EXPECT_EQ(*os::cgroup_of(child.pid()), cgroup.path);
}

TEST_F(ScopeCgroup, ItsScopeIsOneThatSystemdStopsInItsOwnWay) {
  Child child;
  const Cgroup cgroup = start_with(child);
  EXPECT_EQ(property(cgroup.scope, "KillSignal"), "15");
  EXPECT_EQ(property(cgroup.scope, "Delegate"), "yes");
  EXPECT_EQ(property(cgroup.scope, "CollectMode"), "inactive-or-failed");
  EXPECT_EQ(property(cgroup.scope, "DefaultDependencies"), "no");
}

TEST_F(ScopeCgroup, AnnotationsHaveTheLastWord) {
  const std::map<std::string, std::string> annotations = {
      {"org.systemd.property.CollectMode", "'inactive'"},
      {"org.systemd.property.TimeoutStopSec", "77"},
      {"org.systemd.property.After", "['a.service', 'b.service']"}};
  request.annotations = &annotations;
  Child child;
  const Cgroup cgroup = start_with(child);
  EXPECT_EQ(property(cgroup.scope, "CollectMode"), "inactive");
  EXPECT_EQ(property(cgroup.scope, "TimeoutStopUSec"), "1min 17s");
  const std::string after = property(cgroup.scope, "After");
  EXPECT_NE(after.find("b.service"), std::string::npos) << after;
}

TEST_F(ScopeCgroup, APropertyThatSystemdRefusesIsNamedAndNothingIsLeft) {
  const std::map<std::string, std::string> annotations = {
      {"org.systemd.property.NoSuchThing", "true"}};
  request.annotations = &annotations;
  Child child;
  const auto made = start(request, child.pid());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("NoSuchThing"), std::string::npos)
      << made.error().message();
}

// No user's manager is given the controller of rdma, and none of "no-such".
TEST_F(ScopeCgroup, ALimitThatCantBeAppliedEndsTheStart) {
  const spec::Resources limits = resources(R"({"unified":{"nosuch.max":"1"}})");
  request.resources = &limits;
  Child child;
  const auto made = start(request, child.pid());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::HostUnsupported);
  EXPECT_NE(made.error().message().find("\"nosuch\""), std::string::npos) << made.error().message();
  const std::string unit = strf("unit-c%d.scope", static_cast<int>(::getpid()));
  EXPECT_NE(property(unit, "ActiveState"), "active");
  EXPECT_TRUE(WIFSIGNALED(child.wait()));
}

TEST_F(ScopeCgroup, FreezesAndThawsAll) {
  Child child;
  const Cgroup cgroup = start_with(child);
  EXPECT_FALSE(*is_frozen(cgroup));
  ASSERT_TRUE(freeze(cgroup));
  EXPECT_TRUE(*is_frozen(cgroup));
  ASSERT_TRUE(thaw(cgroup));
  EXPECT_FALSE(*is_frozen(cgroup));
}

TEST_F(ScopeCgroup, EveryProcessIsListedAndSignalled) {
  Child child;
  const Cgroup cgroup = start_with(child);
  // The child's child was there before the scope, so only what it forks belongs to it.
  Child second;
  ASSERT_TRUE(join_cgroup(cgroup, second.pid(), child.pid()));
  auto pids = processes(cgroup);
  ASSERT_TRUE(pids);
  EXPECT_EQ(std::set<pid_t>(pids->begin(), pids->end()),
            (std::set<pid_t>{child.pid(), second.pid()}));
  ASSERT_TRUE(kill_all(cgroup, SIGTERM));
  EXPECT_EQ(WTERMSIG(child.wait()), SIGTERM);
  EXPECT_EQ(WTERMSIG(second.wait()), SIGTERM);
}

// One that ends a process by default does so at once; the kernel has it frozen for handlers only.
TEST_F(ScopeCgroup, ASignalToFrozenOnesWaitsForTheThaw) {
  Child child;
  const Cgroup cgroup = start_with(child);
  ASSERT_TRUE(freeze(cgroup));
  ASSERT_TRUE(kill_all(cgroup, SIGUSR1));
  EXPECT_TRUE(*is_frozen(cgroup));
  ASSERT_TRUE(thaw(cgroup));
  EXPECT_EQ(WEXITSTATUS(child.wait()), 7);
}

TEST_F(ScopeCgroup, AKillReachesFrozenOnes) {
  Child child;
  const Cgroup cgroup = start_with(child);
  ASSERT_TRUE(freeze(cgroup));
  ASSERT_TRUE(kill_all(cgroup, SIGKILL));
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
}

TEST_F(ScopeCgroup, ItsEndTakesWhatLivesInItAndTheCgroupsBelow) {
  Child child;
  const Cgroup cgroup = start_with(child);
  {
    const UniqueFd fd = *os::open_cgroup(cgroup.path);
    const UniqueFd sub = *os::make_child_cgroup(fd.get(), "a");
    const UniqueFd deeper = *os::make_child_cgroup(sub.get(), "b");
    ASSERT_TRUE(os::move_to_cgroup(deeper.get(), child.pid()));
  }
  const auto destroyed = destroy_cgroup(cgroup);
  ASSERT_TRUE(destroyed) << destroyed.error().message();
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
  EXPECT_FALSE(exists(cgroup));
  EXPECT_EQ(property(cgroup.scope, "LoadState"), "not-found");
  EXPECT_TRUE(destroy_cgroup(cgroup)) << "once more";
}

TEST_F(ScopeCgroup, ASecondOfTheSameNameLeavesTheFirstAlone) {
  Child first, second;
  const Cgroup cgroup = start_with(first);
  const auto again = start(request, second.pid());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(*os::cgroup_of(first.pid()), cgroup.path);
}

TEST_F(ScopeCgroup, AnUpdateReachesThePropertiesAndFailsWhereTheKernelDoesNotFollow) {
  Child child;
  const Cgroup cgroup = start_with(child);
  const auto updated = update_limits(cgroup, resources(R"({"pids":{"limit":77}})"));
  EXPECT_EQ(property(cgroup.scope, "TasksMax"), "77");
  const auto fd = os::open_cgroup(cgroup.path);
  const bool has_file = ::faccessat((*fd).get(), "pids.max", F_OK, 0) == 0;
  EXPECT_EQ(updated.has_value(), has_file) << (updated ? "" : updated.error().message());
}

// As root of a user namespace, which is how podman calls a runtime.
TEST_F(ScopeCgroup, IsMadeFromWithinAUserNamespace) {
  AMBIT_REQUIRE_USERNS();
  const auto made = test::run_in_userns([&]() -> Result<void> {
    if (::geteuid() != 0) return Error(ErrorCode::Internal, "not root of the namespace");
    if (own_authority() != Authority::User) return Error(ErrorCode::Internal, "taken for root");
    Child child;
    CgroupRequest from_inside = request;
    from_inside.authority = own_authority();
    const Cgroup cgroup = AMBIT_TRY(start(from_inside, child.pid()));
    const std::string actual = AMBIT_TRY(os::cgroup_of(child.pid()));
    if (actual != cgroup.path) return Error(ErrorCode::Internal, "in " + actual);
    return destroy_cgroup(cgroup);
  });
  EXPECT_TRUE(made) << made.error().message();
}

// Below a delegated scope, in which the test itself has to live for it.
class FolderCgroup : public ScopeCgroup {
 protected:
  // Runs `body` in a process that has a writable cgroup; brings its error.
  void run_delegated(const std::function<Result<void>()>& body) {
    int go[2], told[2];
    ASSERT_EQ(::pipe(go), 0);
    ASSERT_EQ(::pipe(told), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      char byte = 0;
      if (::read(go[0], &byte, 1) != 1) ::_exit(1);
      const Result<void> result = body();
      const std::string message = result ? "" : result.error().message();
      (void)!::write(told[1], message.data(), message.size());
      ::_exit(0);
    }
    ::close(told[1]);
    auto made = start(request, pid);
    ASSERT_TRUE(made) << made.error().message();
    started = *made;
    ASSERT_EQ(::write(go[1], "g", 1), 1);
    char buffer[1024] = {};
    const ssize_t n = ::read(told[0], buffer, sizeof buffer - 1);
    EXPECT_EQ(n, 0) << buffer;
    ::waitpid(pid, nullptr, 0);
    for (const int fd : {go[0], go[1], told[0]}) ::close(fd);
  }

  static Result<void> expect(bool holds, const char* what) {
    return holds ? Result<void>() : Error(ErrorCode::Internal, what);
  }
};

TEST_F(FolderCgroup, LiesBelowTheCallersOwn) {
  run_delegated([]() -> Result<void> {
    const std::string own = AMBIT_TRY(os::cgroup_of(::getpid()));
    CgroupStart begun = AMBIT_TRY(CgroupStart::prepare({.container_id = "c2"}));
    Child child(begun.clone_fd());
    AMBIT_TRY(begun.attach(child.pid()));
    const Cgroup cgroup = AMBIT_TRY(begun.finish());
    AMBIT_TRY(expect(cgroup.path == own + "/c2", "its path"));
    AMBIT_TRY(expect(lives_in(child.pid(), cgroup.path), "its process"));
    const std::vector<pid_t> pids = AMBIT_TRY(processes(cgroup));
    AMBIT_TRY(expect(pids.size() == 2, "its processes"));
    const UniqueFd folder = AMBIT_TRY(os::open_cgroup(cgroup.path));
    const UniqueFd below = AMBIT_TRY(os::make_child_cgroup(folder.get(), "a"));
    const UniqueFd deeper = AMBIT_TRY(os::make_child_cgroup(below.get(), "b"));
    AMBIT_TRY(freeze(cgroup));
    AMBIT_TRY(destroy_cgroup(cgroup));
    return expect(!exists(cgroup), "its end");
  });
}

TEST_F(FolderCgroup, AProcessThatWasNotClonedIntoItIsMoved) {
  run_delegated([]() -> Result<void> {
    Child child;
    const Cgroup cgroup =
        AMBIT_TRY(start({.container_id = "x", .cgroups_path = "sub/c3"}, child.pid()));
    AMBIT_TRY(expect(lives_in(child.pid(), cgroup.path), "its process"));
    return destroy_cgroup(cgroup);
  });
}

TEST_F(FolderCgroup, OneThatHoldsProcessesIsNotShared) {
  run_delegated([]() -> Result<void> {
    Child child;
    const Cgroup cgroup = AMBIT_TRY(start({.container_id = "c2"}, child.pid()));
    const auto again = CgroupStart::prepare({.container_id = "c2"});
    AMBIT_TRY(expect(!again && again.error().code() == ErrorCode::Busy, "the second"));
    AMBIT_TRY(expect(lives_in(child.pid(), cgroup.path), "the first"));
    return destroy_cgroup(cgroup);
  });
}

TEST_F(FolderCgroup, AStartThatIsGivenUpLeavesNothing) {
  run_delegated([]() -> Result<void> {
    const std::string own = AMBIT_TRY(os::cgroup_of(::getpid()));
    {
      CgroupStart begun = AMBIT_TRY(CgroupStart::prepare({.container_id = "c2"}));
      AMBIT_TRY(expect(exists({.path = own + "/c2"}), "made"));
    }
    return expect(!exists({.path = own + "/c2"}), "removed");
  });
}

// The system's manager made the cgroup that these tests are called in.
TEST_F(FolderCgroup, WithoutLimitsTheCallersOwnIsEnoughWhereNoneCanBeMade) {
  const std::string own = *os::cgroup_of(::getpid());
  if (::access(("/sys/fs/cgroup" + own).c_str(), W_OK) == 0)
    GTEST_SKIP() << "the caller's cgroup is writable";
  Child child;
  auto made = start({.container_id = "c2"}, child.pid());
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->path, "");
  EXPECT_TRUE(destroy_cgroup(*made));
  EXPECT_TRUE(join_cgroup(*made, child.pid(), child.pid()));
  const auto frozen = freeze(*made);
  ASSERT_FALSE(frozen);
  EXPECT_EQ(frozen.error().code(), ErrorCode::Unsupported);
}

TEST_F(FolderCgroup, APathThatWasAskedForIsNotLeftOut) {
  const auto made = CgroupStart::prepare({.container_id = "c2", .cgroups_path = "/ambit-not-ours"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::PermissionDenied);
}

TEST_F(FolderCgroup, LimitsAreNeverLeftOutInSilence) {
  const spec::Resources limits = resources(R"({"memory":{"limit":4096}})");
  const auto made = CgroupStart::prepare(
      {.container_id = "c2", .cgroups_path = "/ambit-not-ours", .resources = &limits});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("ambit-not-ours"), std::string::npos)
      << made.error().message();
}

TEST(CgroupRequest, APathForTheOtherManagerIsRefused) {
  const auto folder = CgroupStart::prepare({.container_id = "c", .cgroups_path = "a.slice:b:c"});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), ErrorCode::InvalidArgument);
  const auto scope = CgroupStart::prepare(
      {.container_id = "c", .cgroups_path = "/a/b", .manager = CgroupManager::Systemd});
  ASSERT_FALSE(scope);
  EXPECT_EQ(scope.error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace ambit::oci
