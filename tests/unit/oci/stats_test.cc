#include "oci/stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "os/file.h"

namespace ambit::oci {
namespace {

namespace fs = std::filesystem;

class StatsTest : public testing::Test {
 protected:
  StatsTest() {
    char name[] = "/tmp/ambit-stats-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    top = name;
  }
  ~StatsTest() override { fs::remove_all(top); }

  void put(const std::string& file, const std::string& text) {
    std::ofstream(top + "/" + file) << text;
  }
  nlohmann::json data() {
    const UniqueFd fd = *os::open_at(AT_FDCWD, top, O_PATH | O_DIRECTORY);
    const auto stats = os::read_cgroup_stats(fd.get());
    EXPECT_TRUE(stats) << stats.error().message();
    if (!stats) return {};
    const auto event = nlohmann::json::parse(write_stats_json(*stats, "c1"));
    EXPECT_EQ(event["type"], "stats");
    EXPECT_EQ(event["id"], "c1");
    return event["data"];
  }

  std::string top;
};

TEST_F(StatsTest, CpuTimeIsInNanoseconds) {
  put("cpu.stat",
      "usage_usec 3000\nuser_usec 1000\nsystem_usec 2000\nnr_periods 9\nnr_throttled 4\n"
      "throttled_usec 70\n");
  const auto cpu = data()["cpu"];
  EXPECT_EQ(cpu["usage"],
            nlohmann::json::parse(R"({"total":3000000,"kernel":2000000,"user":1000000})"));
  EXPECT_EQ(cpu["throttling"],
            nlohmann::json::parse(R"({"periods":9,"throttledPeriods":4,"throttledTime":70000})"));
}

TEST_F(StatsTest, MemoryIsThereWithItsLimitsAndItsDetails) {
  put("memory.current", "8192\n");
  put("memory.max", "16384\n");
  put("memory.peak", "12288\n");
  put("memory.swap.current", "4096\n");
  put("memory.swap.max", "1024\n");
  put("memory.events", "low 0\nhigh 0\nmax 3\noom 1\n");
  put("memory.stat", "anon 4096\nfile 2048\nkernel 512\n");
  const auto memory = data()["memory"];
  EXPECT_EQ(memory["usage"],
            nlohmann::json::parse(R"({"limit":16384,"usage":8192,"max":12288,"failcnt":3})"));
  EXPECT_EQ(memory["swap"], nlohmann::json::parse(R"({"limit":17408,"usage":12288,"failcnt":0})"));
  EXPECT_EQ(memory["cache"], 2048);
  EXPECT_EQ(memory["kernel"]["usage"], 512);
  EXPECT_EQ(memory["raw"]["anon"], 4096);
}

TEST_F(StatsTest, NoLimitIsTheLargestNumber) {
  put("memory.max", "max\n");
  put("memory.swap.max", "max\n");
  EXPECT_EQ(data()["memory"]["usage"]["limit"], UINT64_MAX);
  EXPECT_EQ(data()["memory"]["swap"]["limit"], UINT64_MAX);
}

TEST_F(StatsTest, PidsWithoutLimitHaveNone) {
  put("pids.current", "7\n");
  put("pids.max", "max\n");
  EXPECT_EQ(data()["pids"], nlohmann::json::parse(R"({"current":7})"));
  put("pids.max", "20\n");
  EXPECT_EQ(data()["pids"], nlohmann::json::parse(R"({"current":7,"limit":20})"));
}

TEST_F(StatsTest, WithoutThePidsControllerProcessesAreCounted) {
  put("cgroup.procs", "10\n11\n");
  EXPECT_EQ(data()["pids"]["current"], 2);
}

TEST_F(StatsTest, IoIsCountedByDeviceAndOperation) {
  put("io.stat",
      "8:16 rbytes=100 wbytes=200 rios=3 wios=4 dbytes=0 dios=0\n253:0 rbytes=5 wbytes=6 rios=7 "
      "wios=8\n8:0 \n");
  const auto io = data()["blkio"];
  EXPECT_EQ(io["ioServiceBytesRecursive"][1],
            nlohmann::json::parse(R"({"major":8,"minor":16,"op":"Write","value":200})"));
  EXPECT_EQ(io["ioServicedRecursive"][2],
            nlohmann::json::parse(R"({"major":253,"op":"Read","value":7})"));
  EXPECT_EQ(io["ioServicedRecursive"].size(), 4U);
}

TEST_F(StatsTest, HugepagesAreCountedBySize) {
  put("hugetlb.2MB.current", "2097152\n");
  put("hugetlb.2MB.rsvd.current", "1\n");
  put("hugetlb.2MB.events", "max 5\n");
  put("hugetlb.1GB.current", "0\n");
  EXPECT_EQ(data()["hugetlb"],
            nlohmann::json::parse(R"({"1GB":{"failcnt":0},"2MB":{"usage":2097152,"failcnt":5}})"));
}

TEST_F(StatsTest, WhatNobodyCountsIsZero) {
  const auto all = data();
  EXPECT_EQ(all["cpu"]["usage"], nlohmann::json::parse(R"({"kernel":0,"user":0})"));
  EXPECT_EQ(all["memory"]["usage"], nlohmann::json::parse(R"({"limit":0,"failcnt":0})"));
  EXPECT_EQ(all["blkio"], nlohmann::json::object());
}

TEST(Stats, OfAContainerWithoutACgroupAreUnsupported) {
  const auto stats = read_stats({});
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code(), ErrorCode::Unsupported);
}

}  // namespace
}  // namespace ambit::oci
