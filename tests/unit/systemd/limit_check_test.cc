#include "systemd/limit_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "os/file.h"
#include "systemd/drop_ins.h"

namespace ambit::systemd {
namespace {

namespace fs = std::filesystem;
using spec::LimitCheck;

// A folder with files as a cgroup has them, or a unit's drop-ins.
class LimitFiles : public testing::Test {
 protected:
  LimitFiles() {
    char name[] = "/tmp/ambit-limits-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    top = name;
    root = *os::open_at(AT_FDCWD, top, O_PATH | O_DIRECTORY);
  }
  ~LimitFiles() override { fs::remove_all(top); }

  void put(const std::string& file, const std::string& text) {
    fs::create_directories(fs::path(top + "/" + file).parent_path());
    std::ofstream(top + "/" + file) << text;
  }

  // "" where all is in force; else what is said of it.
  std::string difference(const std::vector<spec::LimitLine>& lines) {
    const auto checked = check_in_force_at(root.get(), "/a/x.scope", lines);
    if (checked) return "";
    EXPECT_EQ(checked.error().code(), ErrorCode::HostUnsupported);
    return checked.error().message();
  }

  std::string top;
  UniqueFd root;
};

TEST_F(LimitFiles, WhatTheKernelSaysIsCompared) {
  put("memory.max", "67108864\n");
  put("cpu.max", "50000 100000\n");
  put("pids.max", "max\n");
  EXPECT_EQ(difference({{"memory.max", "67108864", LimitCheck::Bytes, ""},
                        {"cpu.max", "50000 100000", LimitCheck::Quota, ""}}),
            "");
  const std::string told = difference({{"pids.max", "10", LimitCheck::Value, ""}});
  EXPECT_NE(told.find("pids.max of /sys/fs/cgroup/a/x.scope is \"max\" where \"10\""),
            std::string::npos)
      << told;
  EXPECT_NE(told.find("systemctl --user cat x.scope"), std::string::npos) << told;
}

TEST_F(LimitFiles, AShareOfTheMachineIsAnyLimit) {
  put("memory.max", "123456\n");
  put("memory.high", "max\n");
  EXPECT_EQ(difference({{"memory.max", "", LimitCheck::Limited, ""}}), "");
  EXPECT_NE(difference({{"memory.high", "", LimitCheck::Limited, ""}}), "");
}

TEST_F(LimitFiles, AFileThatIsMissingTellsControllerAndDropIn) {
  put("cgroup.controllers", "cpu pids\n");
  const std::string told = difference({{"memory.max", "1", LimitCheck::Bytes, ""}});
  EXPECT_NE(told.find("\"memory\""), std::string::npos) << told;
  EXPECT_NE(told.find("Delegate=cpu cpuset io memory pids"), std::string::npos) << told;
}

TEST_F(LimitFiles, AFileOfAControllerThatIsThereTellsWhyItIsMissing) {
  put("cgroup.controllers", "memory\n");
  EXPECT_NE(difference({{"memory.swap.max", "1", LimitCheck::Bytes, ""}}).find("swapaccount=1"),
            std::string::npos);
}

TEST_F(LimitFiles, NoLimitNeedsNoFile) {
  EXPECT_EQ(difference({{"memory.max", "max", LimitCheck::Bytes, ""},
                        {"io.max", "8:0 rbps=max", LimitCheck::Entry, ""}}),
            "");
}

TEST_F(LimitFiles, DropInsAreReadInOrderWithoutCommentsAndSections) {
  put("x.scope.d/50-TasksMax.conf", "# a comment\n[Scope]\nTasksMax=5\n");
  put("x.scope.d/50-IOReadBandwidthMax.conf",
      "[Scope]\nIOReadBandwidthMax=\nIOReadBandwidthMax=/dev/vda 1000000\n\n");
  put("x.scope.d/note", "MemoryMax=1\n");
  EXPECT_EQ(read_drop_ins(top, "x.scope", ""),
            (std::vector<std::string>{"IOReadBandwidthMax=", "IOReadBandwidthMax=/dev/vda 1000000",
                                      "TasksMax=5"}));
  EXPECT_TRUE(read_drop_ins(top, "y.scope", "").empty());
}

}  // namespace
}  // namespace ambit::systemd
