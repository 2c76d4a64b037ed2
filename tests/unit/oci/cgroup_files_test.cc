#include "oci/cgroup_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "os/file.h"

namespace ambit::oci {
namespace {

namespace fs = std::filesystem;

// A folder with files as a cgroup has them. It takes every write, so what the kernel makes of one
// is not seen here.
class CgroupFiles : public testing::Test {
 protected:
  CgroupFiles() {
    char name[] = "/tmp/ambit-cgroup-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    top = name;
    root = *os::open_at(AT_FDCWD, top, O_PATH | O_DIRECTORY);
  }
  ~CgroupFiles() override { fs::remove_all(top); }

  void put(const std::string& file, const std::string& text) {
    fs::create_directories(fs::path(top + "/" + file).parent_path());
    std::ofstream(top + "/" + file) << text;
  }
  std::string get(const std::string& file) {
    std::ifstream in(top + "/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string top;
  UniqueFd root;
};

using Lines = std::vector<spec::LimitLine>;

TEST_F(CgroupFiles, ALimitIsWrittenAndReadBack) {
  put("pids.max", "");
  ASSERT_TRUE(apply_limits(root.get(), "/x", Lines{{"pids.max", "20"}}));
  EXPECT_EQ(get("pids.max"), "20");
}

TEST_F(CgroupFiles, WhatIsInForceIsNotWritten) {
  put("memory.max", "8192\n");
  fs::permissions(top + "/memory.max", fs::perms::owner_read);
  const auto applied =
      apply_limits(root.get(), "/x", Lines{{"memory.max", "10000", spec::LimitCheck::Bytes}});
  EXPECT_TRUE(applied) << applied.error().message();
  EXPECT_EQ(get("memory.max"), "8192\n");
}

TEST_F(CgroupFiles, ALimitThatTheKernelDoesNotKeepIsAnError) {
  // Takes a number, and gives another form of it back.
  fs::create_symlink("/proc/self/coredump_filter", top + "/pids.max");
  const auto applied = apply_limits(root.get(), "/x", Lines{{"pids.max", "20"}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code(), ErrorCode::HostUnsupported);
  EXPECT_NE(applied.error().message().find("pids.max of /sys/fs/cgroup/x"), std::string::npos)
      << applied.error().message();
}

TEST_F(CgroupFiles, AMissingControllerIsNamedWithItsFix) {
  put("cgroup.controllers", "pids\n");
  const auto applied = apply_limits(root.get(), "/x", Lines{{"memory.max", "1"}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code(), ErrorCode::HostUnsupported);
  EXPECT_NE(applied.error().message().find("\"memory\" in /sys/fs/cgroup/x"), std::string::npos)
      << applied.error().message();
}

TEST_F(CgroupFiles, NoLimitNeedsNoController) {
  put("cgroup.controllers", "\n");
  EXPECT_TRUE(apply_limits(root.get(), "/x",
                           Lines{{"memory.max", "max", spec::LimitCheck::Bytes},
                                 {"cpu.max", "max 100000", spec::LimitCheck::Quota},
                                 {"io.max", "8:0 rbps=max", spec::LimitCheck::Entry}}));
}

TEST_F(CgroupFiles, OneOfTwoFilesIsEnough) {
  put("io.bfq.weight", "");
  const Lines lines = {{"io.weight", "default 5", spec::LimitCheck::Entry, "io.bfq.weight"},
                       {"io.bfq.weight", "default 7", spec::LimitCheck::Entry, "io.weight"}};
  const auto applied = apply_limits(root.get(), "/x", lines);
  EXPECT_TRUE(applied) << applied.error().message();
  EXPECT_EQ(get("io.bfq.weight"), "default 7");
  fs::remove(top + "/io.bfq.weight");
  EXPECT_FALSE(apply_limits(root.get(), "/x", lines));
}

TEST_F(CgroupFiles, ControllersAreEnabledAlongThePath) {
  for (const char* level : {"", "a/"}) {
    put(level + std::string("cgroup.controllers"), "cpu memory pids hugetlb\n");
    put(level + std::string("cgroup.subtree_control"), "");
  }
  put("a/b/cgroup.subtree_control", "");
  const Lines lines = {{"hugetlb.2MB.max", "0"}};
  const Cgroup cgroup{.path = "/a/b", .manager = CgroupManager::Systemd};
  const auto enabled = enable_controllers(root.get(), cgroup, lines, Authority::System);
  ASSERT_TRUE(enabled) << enabled.error().message();
  EXPECT_EQ(get("cgroup.subtree_control"), "+hugetlb");
  EXPECT_EQ(get("a/cgroup.subtree_control"), "+hugetlb");
  EXPECT_EQ(get("a/b/cgroup.subtree_control"), "");
}

TEST_F(CgroupFiles, SystemdsControllersAreLeftToIt) {
  put("cgroup.controllers", "cpu memory pids\n");
  put("cgroup.subtree_control", "");
  put("a/cgroup.procs", "");
  const Cgroup cgroup{.path = "/a", .scope = "a.scope", .manager = CgroupManager::Systemd};
  ASSERT_TRUE(
      enable_controllers(root.get(), cgroup, Lines{{"memory.max", "1"}}, Authority::System));
  EXPECT_EQ(get("cgroup.subtree_control"), "");
}

TEST_F(CgroupFiles, StatisticsGetTheirControllersWhereThereAreAny) {
  put("cgroup.controllers", "cpuset cpu memory hugetlb\n");
  put("cgroup.subtree_control", "");
  put("a/cgroup.procs", "");
  ASSERT_TRUE(enable_controllers(root.get(), {.path = "/a"}, {}, Authority::System));
  EXPECT_EQ(get("cgroup.subtree_control"), "+cpu +memory");
}

TEST_F(CgroupFiles, AControllerThatIsNotDelegatedIsNamedWithTheDropIn) {
  put("cgroup.controllers", "cpu\n");
  put("cgroup.subtree_control", "cpu\n");
  put("a/cgroup.controllers", "cpu\n");
  put("a/cgroup.subtree_control", "\n");
  put("a/b/cgroup.procs", "");
  const auto enabled = enable_controllers(root.get(), {.path = "/a/b"}, Lines{{"cpuset.cpus", "0"}},
                                          Authority::User);
  ASSERT_FALSE(enabled);
  EXPECT_EQ(enabled.error().code(), ErrorCode::HostUnsupported);
  EXPECT_NE(enabled.error().message().find("cpuset"), std::string::npos);
}

TEST_F(CgroupFiles, APathThatLeadsUpwardsIsRefused) {
  for (const char* path : {"/a/../b", "/..", "/../../etc"})
    EXPECT_FALSE(make_cgroup_path(root.get(), path)) << path;
}

TEST_F(CgroupFiles, ALinkInThePathIsNotFollowed) {
  fs::create_directory_symlink("/tmp", top + "/link");
  EXPECT_FALSE(make_cgroup_path(root.get(), "/link/x"));
}

TEST_F(CgroupFiles, LimitsOfBeforeAreReadForAnUpdate) {
  put("memory.max", "4096\n");
  put("cpu.max", "5000 20000\n");
  const spec::CurrentLimits current = read_current_limits(root.get());
  EXPECT_EQ(current.memory_max, "4096");
  EXPECT_EQ(current.cpu_quota, "5000");
  EXPECT_EQ(current.cpu_period_usec, 20'000);
}

}  // namespace
}  // namespace ambit::oci
