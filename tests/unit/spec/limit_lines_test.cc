#include "spec/limit_lines.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

// As "file=value" each, or the error.
std::vector<std::string> lines_of(const std::string& json, const CurrentLimits& current = {}) {
  const auto resources = parse_resources(json);
  if (!resources) return {"unparsed: " + resources.error().message()};
  const auto lines = limit_lines(*resources, current);
  if (!lines) return {"error: " + lines.error().message()};
  std::vector<std::string> shown;
  for (const LimitLine& line : *lines) shown.push_back(line.file + "=" + line.value);
  return shown;
}

using Lines = std::vector<std::string>;

ErrorCode code_of(const std::string& json) {
  const auto resources = parse_resources(json);
  EXPECT_TRUE(resources) << resources.error().message();
  if (!resources) return ErrorCode::Internal;
  const auto lines = limit_lines(*resources);
  EXPECT_FALSE(lines) << json;
  return lines ? ErrorCode::Internal : lines.error().code();
}

TEST(CgroupLimits, NothingAskedForIsNoLine) { EXPECT_EQ(lines_of("{}"), Lines{}); }

TEST(CgroupLimits, DeviceRulesAreNoLimits) {
  EXPECT_EQ(lines_of(R"({"devices":[{"allow":false,"access":"rwm"}]})"), Lines{});
}

TEST(CgroupLimits, SharesAreSpreadOverTheRangeOfWeights) {
  const std::pair<const char*, const char*> kCases[] = {{"2", "1"},         {"1024", "39"},
                                                        {"200000", "7629"}, {"262144", "10000"},
                                                        {"1", "1"},         {"300000", "10000"}};
  for (const auto& [shares, weight] : kCases)
    EXPECT_EQ(lines_of(std::string(R"({"cpu":{"shares":)") + shares + "}}"),
              Lines{std::string("cpu.weight=") + weight});
}

TEST(CgroupLimits, NoSharesAreNoWeight) { EXPECT_EQ(lines_of(R"({"cpu":{"shares":0}})"), Lines{}); }

TEST(CgroupLimits, AnIdleCgroupHasNoWeight) {
  EXPECT_EQ(lines_of(R"({"cpu":{"idle":1,"shares":1024}})"), Lines{"cpu.idle=1"});
  EXPECT_EQ(lines_of(R"({"cpu":{"idle":0,"shares":1024}})"),
            (Lines{"cpu.idle=0", "cpu.weight=39"}));
}

TEST(CgroupLimits, QuotaAndPeriodAreOneLine) {
  EXPECT_EQ(lines_of(R"({"cpu":{"quota":5000,"period":20000}})"), Lines{"cpu.max=5000 20000"});
  EXPECT_EQ(lines_of(R"({"cpu":{"quota":5000}})"), Lines{"cpu.max=5000 100000"});
  EXPECT_EQ(lines_of(R"({"cpu":{"period":20000}})"), Lines{"cpu.max=max 20000"});
  EXPECT_EQ(lines_of(R"({"cpu":{"quota":-1,"period":20000}})"), Lines{"cpu.max=max 20000"});
}

TEST(CgroupLimits, AnUpdateOfOneKeepsTheOther) {
  const CurrentLimits current{.cpu_quota = "7000", .cpu_period_usec = 50'000};
  EXPECT_EQ(lines_of(R"({"cpu":{"quota":5000}})", current), Lines{"cpu.max=5000 50000"});
  EXPECT_EQ(lines_of(R"({"cpu":{"period":20000}})", current), Lines{"cpu.max=7000 20000"});
}

TEST(CgroupLimits, ABurstIsOutOfTheWayWhileTheQuotaChanges) {
  EXPECT_EQ(lines_of(R"({"cpu":{"quota":5000,"burst":4000}})"),
            (Lines{"cpu.max.burst=0", "cpu.max=5000 100000", "cpu.max.burst=4000"}));
}

TEST(CgroupLimits, SwapIsWhatIsLeftWithoutMemory) {
  EXPECT_EQ(lines_of(R"({"memory":{"limit":1000,"swap":3000}})"),
            (Lines{"memory.swap.max=2000", "memory.max=1000"}));
  EXPECT_EQ(lines_of(R"({"memory":{"limit":1000,"swap":1000}})"),
            (Lines{"memory.swap.max=0", "memory.max=1000"}));
  EXPECT_EQ(lines_of(R"({"memory":{"limit":1000,"swap":-1}})"),
            (Lines{"memory.swap.max=max", "memory.max=1000"}));
}

TEST(CgroupLimits, UnlimitedMemoryIsUnlimitedSwap) {
  EXPECT_EQ(lines_of(R"({"memory":{"limit":-1}})"),
            (Lines{"memory.swap.max=max", "memory.max=max"}));
}

TEST(CgroupLimits, SwapWithoutMemoryTakesTheMemoryOfBefore) {
  EXPECT_EQ(lines_of(R"({"memory":{"swap":3000}})", {.memory_max = "1000"}),
            Lines{"memory.swap.max=2000"});
  EXPECT_EQ(code_of(R"({"memory":{"swap":3000}})"), ErrorCode::InvalidArgument);
}

TEST(CgroupLimits, LessSwapThanMemoryIsRefused) {
  EXPECT_EQ(code_of(R"({"memory":{"limit":1000,"swap":999}})"), ErrorCode::InvalidArgument);
}

TEST(CgroupLimits, AReservationIsWhatReclaimSpares) {
  EXPECT_EQ(lines_of(R"({"memory":{"reservation":4096}})"), Lines{"memory.low=4096"});
}

TEST(CgroupLimits, PidsWithoutLimitAreMax) {
  EXPECT_EQ(lines_of(R"({"pids":{"limit":20}})"), Lines{"pids.max=20"});
  EXPECT_EQ(lines_of(R"({"pids":{"limit":-1}})"), Lines{"pids.max=max"});
  EXPECT_EQ(lines_of(R"({"pids":{"limit":0}})"), Lines{});
}

TEST(CgroupLimits, AWeightOfIoGoesToEitherScheduler) {
  EXPECT_EQ(lines_of(R"({"blockIO":{"weight":1000}})"),
            (Lines{"io.weight=default 10000", "io.bfq.weight=default 1000"}));
  EXPECT_EQ(lines_of(R"({"blockIO":{"weight":10}})")[0], "io.weight=default 1");
  EXPECT_EQ(code_of(R"({"blockIO":{"weight":9}})"), ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(R"({"blockIO":{"weight":1001}})"), ErrorCode::InvalidArgument);
}

TEST(CgroupLimits, EachDevicesRateIsALine) {
  EXPECT_EQ(lines_of(R"({"blockIO":{
                "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":100},
                                         {"major":8,"minor":16,"rate":0}],
                "throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":200}],
                "throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":300}],
                "throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":400}]}})"),
            (Lines{"io.max=8:0 rbps=100", "io.max=8:16 rbps=max", "io.max=8:0 wbps=200",
                   "io.max=8:0 riops=300", "io.max=8:0 wiops=400"}));
}

TEST(CgroupLimits, HugepagesAreLimitedWithTheirReservations) {
  EXPECT_EQ(lines_of(R"({"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]})"),
            (Lines{"hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304"}));
}

TEST(CgroupLimits, ANameThatLeavesTheCgroupIsRefused) {
  EXPECT_EQ(code_of(R"({"hugepageLimits":[{"pageSize":"../x","limit":1}]})"),
            ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(R"({"unified":{"../memory.max":"1"}})"), ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(R"({"unified":{"a/memory.max":"1"}})"), ErrorCode::InvalidArgument);
}

TEST(CgroupLimits, TheCgroupsOwnFilesAreNotForUnified) {
  for (const char* file : {"cgroup.procs", "cgroup.kill", "cgroup.subtree_control", "procs"})
    EXPECT_EQ(code_of(std::string(R"({"unified":{")") + file + R"(":"1"}})"),
              ErrorCode::InvalidArgument)
        << file;
}

TEST(CgroupLimits, UnifiedReplacesWhatItRepeats) {
  EXPECT_EQ(lines_of(R"({"memory":{"limit":1000},"unified":{"memory.max":"2000",
                         "memory.high":"500"}})"),
            (Lines{"memory.high=500", "memory.max=2000"}));
}

TEST(CgroupLimits, UnifiedOfSeveralLinesIsSeveralWrites) {
  EXPECT_EQ(lines_of(R"({"unified":{"io.max":"8:0 rbps=1\n8:16 rbps=2\n"}})"),
            (Lines{"io.max=8:0 rbps=1", "io.max=8:16 rbps=2"}));
}

TEST(CgroupLimits, RdmaIsALineForEachDevice) {
  EXPECT_EQ(lines_of(R"({"rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000}}})"),
            Lines{"rdma.max=mlx5_1 hca_handle=3 hca_object=10000"});
}

TEST(CgroupLimits, WhatOnlyV1HasIsUnsupported) {
  for (const char* json :
       {R"({"memory":{"kernel":1000}})", R"({"memory":{"kernelTCP":1000}})",
        R"({"memory":{"swappiness":50}})", R"({"memory":{"disableOOMKiller":true}})",
        R"({"cpu":{"realtimeRuntime":1000}})", R"({"cpu":{"realtimePeriod":1000}})",
        R"({"blockIO":{"leafWeight":100}})", R"({"network":{"classID":1}})",
        R"({"network":{"priorities":[{"name":"lo","priority":1}]}})"})
    EXPECT_EQ(code_of(json), ErrorCode::Unsupported) << json;
}

TEST(CgroupLimits, WhatV1AskedForNothingWithIsTaken) {
  EXPECT_EQ(lines_of(R"({"memory":{"kernel":-1,"kernelTCP":0,"disableOOMKiller":false},
                         "cpu":{"realtimeRuntime":0}})"),
            Lines{});
}

TEST(CgroupLimits, AListOfCpusIsCheckedBeforeAnythingIsMade) {
  EXPECT_EQ(lines_of(R"({"cpu":{"cpus":"0-3,6","mems":"0"}})"),
            (Lines{"cpuset.cpus=0-3,6", "cpuset.mems=0"}));
  for (const char* cpus : {"x", "3-1", "0-", ",", "99999", "-1"})
    EXPECT_EQ(code_of(std::string(R"({"cpu":{"cpus":")") + cpus + R"("}})"),
              ErrorCode::InvalidArgument)
        << cpus;
}

TEST(CpuMask, HasTheLowestCpuInTheLowestBit) {
  EXPECT_EQ(*cpu_mask("0-3,6"), (std::vector<std::uint8_t>{0x4f}));
  EXPECT_EQ(*cpu_mask("8,17"), (std::vector<std::uint8_t>{0, 1, 2}));
}

bool holds(const LimitLine& line, const char* content) { return is_in_force(line, content); }

TEST(LimitInForce, BytesAreRoundedDownToPagesByTheKernel) {
  const LimitLine line{"memory.max", "10000", LimitCheck::Bytes};
  EXPECT_TRUE(holds(line, "8192\n"));
  EXPECT_FALSE(holds(line, "4096\n"));
  EXPECT_FALSE(holds(line, "12288\n"));
  EXPECT_FALSE(holds(line, "max\n"));
}

TEST(LimitInForce, HugepagesAreCountedInTheirSize) {
  const LimitLine line{"hugetlb.2MB.max", "5000000", LimitCheck::Bytes};
  EXPECT_TRUE(holds(line, "4194304\n"));
  EXPECT_FALSE(holds(line, "4997120\n"));
}

TEST(LimitInForce, CpusMayBeWrittenInAnotherForm) {
  const LimitLine line{"cpuset.cpus", "0,1,2,3", LimitCheck::Cpus};
  EXPECT_TRUE(holds(line, "0-3\n"));
  EXPECT_FALSE(holds(line, "0-2\n"));
  EXPECT_FALSE(holds(line, "\n"));
}

TEST(LimitInForce, ADevicesLineHasOtherWordsToo) {
  const LimitLine line{"io.max", "8:16 rbps=100", LimitCheck::Entry};
  EXPECT_TRUE(holds(line, "8:0 rbps=1\n8:16 rbps=100 wbps=max riops=max wiops=max\n"));
  EXPECT_FALSE(holds(line, "8:0 rbps=100 wbps=max\n8:16 rbps=200 wbps=max\n"));
  EXPECT_FALSE(holds(line, ""));
  EXPECT_TRUE(holds({"io.max", "8:16 rbps=max", LimitCheck::Entry}, ""));
}

TEST(LimitInForce, AQuotaIsComparedWordByWord) {
  const LimitLine line{"cpu.max", "5000 100000", LimitCheck::Quota};
  EXPECT_TRUE(holds(line, "5000 100000\n"));
  EXPECT_FALSE(holds(line, "5000 50000\n"));
  EXPECT_TRUE(holds({"cpu.max", "5000", LimitCheck::Quota}, "5000 50000\n"));
}

}  // namespace
}  // namespace ambit::spec
