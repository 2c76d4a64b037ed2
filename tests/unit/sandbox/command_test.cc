#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "container_fixture.h"

namespace ambit::sandbox {
namespace {

using CommandTest = ContainerTest;

void expect_error(const Outcome& outcome, ErrorCode code, const std::string& message) {
  EXPECT_FALSE(outcome.executed);
  EXPECT_EQ(outcome.error.code(), code);
  EXPECT_EQ(outcome.error.message(), message);
}

TEST_F(CommandTest, MissingCommandIsNotFound) {
  spec_.process.env = {"PATH=/bin:/usr/bin"};
  expect_error(run({"nosuch"}), ErrorCode::CommandNotFound,
               "command 'nosuch' is not in the container's PATH (/bin:/usr/bin): No such file or "
               "directory");
  expect_error(run({"/bin/nosuch"}), ErrorCode::CommandNotFound,
               "command '/bin/nosuch' is not in the container: No such file or directory");
}

TEST_F(CommandTest, MissingInterpreterIsNotFoundAndNamed) {
  write("bin/script", "#!/usr/bin/python3 -u\n", std::filesystem::perms(0755));
  expect_error(
      run({"script"}), ErrorCode::CommandNotFound,
      "command '/bin/script' needs the interpreter '/usr/bin/python3', which is not in the "
      "container: No such file or directory");
}

TEST_F(CommandTest, WhatCantBeExecutedSaysWhy) {
  write("bin/plain", "text");
  write("bin/garbage", "garbage", std::filesystem::perms(0755));
  expect_error(run({"plain"}), ErrorCode::CommandNotExecutable,
               "command '/bin/plain' can't be executed: it is not executable for the container's "
               "user: Permission denied");
  expect_error(run({"/etc"}), ErrorCode::CommandNotExecutable,
               "command '/etc' can't be executed: it is a folder: Is a directory");
  expect_error(run({"garbage"}), ErrorCode::CommandNotExecutable,
               "command '/bin/garbage' can't be executed: not a program for this machine, nor a "
               "script with '#!': Exec format error");
}

TEST_F(CommandTest, ExitCodeAndSignalAreTheCommands) {
  EXPECT_EQ(run({"sh", "-c", "exit 42"}).exit_code, 42);
  EXPECT_EQ(run({"sh", "-c", "sh -c 'kill -9 $$'; exit $?"}).exit_code, 137);
}

TEST_F(CommandTest, PathOfTheContainerIsSearched) {
  write("opt/tool", "#!/bin/sh\necho tool\n", std::filesystem::perms(0755));
  spec_.process.env = {"PATH=/opt:/bin"};
  EXPECT_EQ(run({"tool"}).out, "tool\n");
}

TEST_F(CommandTest, WorkingFolderIsMadeWhereItIsMissing) {
  spec_.process.cwd = "/srv/app/deep";
  EXPECT_EQ(sh("pwd"), "/srv/app/deep\n");
}

// CVE-2024-21626: a descriptor of the host as the working folder.
TEST_F(CommandTest, WorkingFolderIsNeverBehindAMagicLink) {
  for (int fd = 3; fd < 20; ++fd) {
    spec_.process.cwd = "/proc/self/fd/" + std::to_string(fd);
    EXPECT_FALSE(run({"pwd"}).executed) << spec_.process.cwd;
  }
}

// The same for the command and for the interpreter of a script: the kernel walks both while
// close-on-exec descriptors are still there.
TEST_F(CommandTest, CommandIsNeverBehindADescriptorOfTheHost) {
  const UniqueFd host(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string path = "/proc/self/fd/" + std::to_string(host.get()) + "/bin/busybox";
  const Outcome direct = run({path, "true"});
  EXPECT_FALSE(direct.executed);
  EXPECT_EQ(direct.error.code(), ErrorCode::CommandNotFound) << direct.error.message();
  write("bin/script", "#!" + path + " cat\n", std::filesystem::perms(0755));
  EXPECT_EQ(run({"script"}).error.code(), ErrorCode::CommandNotFound);
  for (int fd = 3; fd < 40; ++fd)
    EXPECT_FALSE(run({"/proc/self/fd/" + std::to_string(fd) + "/bin/busybox", "true"}).executed)
        << fd;
}

TEST_F(CommandTest, UmaskAndResourceLimitsAreThoseOfTheSpec) {
  spec_.process.user.umask = 027;
  spec_.process.rlimits = {{.type = "RLIMIT_NOFILE", .hard = 200, .soft = 100}};
  EXPECT_EQ(sh("umask; ulimit -Sn; ulimit -Hn"), "0027\n100\n200\n");
}

TEST_F(CommandTest, ResourceLimitAboveTheUsersOwnSaysWhichItIs) {
  rlimit held = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &held), 0);
  if (held.rlim_max == RLIM_INFINITY) AMBIT_SKIP("RLIMIT_NOFILE is unlimited here");
  spec_.process.rlimits = {
      {.type = "RLIMIT_NOFILE", .hard = held.rlim_max + 1, .soft = held.rlim_max + 1}};
  const Outcome outcome = run({"true"});
  EXPECT_EQ(outcome.error.code(), ErrorCode::PermissionDenied);
  EXPECT_NE(outcome.error.message().find("RLIMIT_NOFILE: an ordinary user can't raise"),
            std::string::npos)
      << outcome.error.message();
}

TEST_F(CommandTest, OomScoreIsThatOfTheSpec) {
  spec_.process.oom_score_adj = 1000;
  EXPECT_EQ(sh("cat /proc/self/oom_score_adj"), "1000\n");
}

TEST_F(CommandTest, SysctlsOfOwnNamespacesAreSetAndOthersRefused) {
  spec_.sysctl = {{"net.ipv4.ip_forward", "1"}, {"kernel.shmmni", "100"}};
  EXPECT_EQ(sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni"), "1\n100\n");
  for (const char* name : {"kernel.core_pattern", "vm.swappiness", "net/../kernel/core_pattern"}) {
    spec_.sysctl = {{name, "1"}};
    EXPECT_EQ(run({"true"}).error.code(), ErrorCode::InvalidArgument) << name;
  }
}

TEST_F(CommandTest, UnknownCapabilityIsRefused) {
  spec_.process.capabilities.bounding = {"CAP_FLY"};
  EXPECT_EQ(sh("true"), "error: bounding set: no such capability: 'CAP_FLY'");
}

}  // namespace
}  // namespace ambit::sandbox
