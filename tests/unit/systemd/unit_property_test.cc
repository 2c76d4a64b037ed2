#include "systemd/unit_property.h"

#include <gtest/gtest.h>

#include "systemd/limit_properties.h"
#include "unit/bus/peers.h"

namespace ambit::systemd {
namespace {

using Strings = std::vector<std::string>;

// What is kept of an assignment; the error where it is refused.
Strings kept(const Strings& assignments) {
  const auto properties = parse_properties(assignments);
  return properties ? property_lines(*properties) : Strings{properties.error().message()};
}

std::string refusal(const std::string& assignment) {
  const auto property = parse_property(assignment);
  if (property) return "accepted";
  EXPECT_EQ(property.error().code(), ErrorCode::InvalidArgument);
  return property.error().message();
}

template <typename T>
T value_of(const std::string& assignment) {
  const auto property = parse_property(assignment);
  EXPECT_TRUE(property) << assignment;
  return property ? std::get<T>((*property).value) : T{};
}

TEST(UnitProperty, SizesAreBinaryAndRatesOfDevicesDecimal) {
  EXPECT_EQ(value_of<std::uint64_t>("MemoryMax=64M"), 64U << 20);
  EXPECT_EQ(value_of<std::uint64_t>("MemoryHigh=infinity"), UINT64_MAX);
  EXPECT_EQ(value_of<DeviceNumbers>("IOReadBandwidthMax=/dev/sda 5M"),
            (DeviceNumbers{{"/dev/sda", 5'000'000}}));
  EXPECT_EQ(value_of<DeviceNumbers>("IODeviceLatencyTargetSec=/dev/sda 5ms"),
            (DeviceNumbers{{"/dev/sda", 5'000}}));
}

TEST(UnitProperty, APercentageOfTheMachineIsTheScaleProperty) {
  auto memory = parse_property("MemoryMax=50%");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->name, "MemoryMaxScale");
  EXPECT_EQ(std::get<std::uint32_t>(memory->value), 2147483648U);
  EXPECT_EQ(kept({"TasksMax=33.33%"}), Strings{"TasksMax=33.33%"});
  EXPECT_EQ(kept({"MemoryMax=1G", "MemoryMax=50%"}), Strings{"MemoryMax=50%"});
  EXPECT_NE(refusal("MemoryMax=101%"), "accepted");
}

TEST(UnitProperty, NamesOfUnitFilesAndOfDBusAreTheSameProperty) {
  EXPECT_EQ(value_of<std::uint64_t>("CPUQuota=150%"), 1'500'000U);
  EXPECT_EQ(value_of<std::uint64_t>("CPUQuotaPerSecUSec=150%"), 1'500'000U);
  EXPECT_EQ(value_of<std::uint64_t>("RuntimeMaxSec=5min"), 300'000'000U);
  EXPECT_EQ(value_of<std::uint64_t>("CPUWeight=idle"), 0U);
}

TEST(UnitProperty, WhatIsKeptReadsBackTheSame) {
  const Strings lines = {"MemoryMax=67108864",
                         "CPUQuota=33.3333%",
                         "CPUQuotaPeriodSec=50000us",
                         "AllowedCPUs=0-3,6",
                         "IOReadIOPSMax=/dev/sda 100",
                         "IOReadIOPSMax=/dev/sdb infinity",
                         "After=a.service",
                         "After=b.service",
                         "MemoryAccounting=yes",
                         "ManagedOOMMemoryPressureLimit=60%",
                         "CPUWeight=idle",
                         "OOMPolicy=kill",
                         "TasksMax=infinity"};
  EXPECT_EQ(kept(lines), lines);
}

TEST(UnitProperty, LaterOnesGoOverEarlierOnesAndDevicesAreKeptApart) {
  EXPECT_EQ(kept({"TasksMax=5", "TasksMax=7"}), Strings{"TasksMax=7"});
  EXPECT_EQ(kept({"IOReadBandwidthMax=/dev/a 1", "IOReadBandwidthMax=/dev/b 2",
                  "IOReadBandwidthMax=/dev/a 3"}),
            (Strings{"IOReadBandwidthMax=/dev/a 3", "IOReadBandwidthMax=/dev/b 2"}));
  EXPECT_EQ(kept({"After=a.service\tb.service a.service", "After=b.service"}),
            (Strings{"After=a.service", "After=b.service"}));
  EXPECT_EQ(kept({"IOReadBandwidthMax=/dev/a 1", "IOReadBandwidthMax="}), Strings{});
}

TEST(UnitProperty, AnUnknownNameTellsTheNearest) {
  EXPECT_EQ(refusal("MemoryMx=1"), "a scope has no property 'MemoryMx'; did you mean 'MemoryMax'?");
  EXPECT_NE(refusal("Environment=A=b").find("a scope has no property"), std::string::npos);
}

TEST(UnitProperty, WhatAUserManagerIgnoresIsRefusedWithTheReason) {
  for (const char* each : {"DeviceAllow=/dev/null", "DevicePolicy=closed", "IPAddressDeny=any",
                           "IPAccounting=yes", "SocketBindDeny=any", "RestrictNetworkInterfaces=lo",
                           "BPFProgram=egress:/x", "IPIngressFilterPath=/x",
                           "IPEgressFilterPath=/x", "SocketBindAllow=80", "IPAddressAllow=any"})
    EXPECT_NE(refusal(each).find("accepts it and does nothing"), std::string::npos) << each;
  EXPECT_NE(refusal("KillSignal=9").find("--stop-signal"), std::string::npos);
  EXPECT_NE(refusal("MemoryLimit=1").find("use MemoryMax"), std::string::npos);
}

TEST(UnitProperty, BadValuesAreRefusedWithTheText) {
  for (const char* each :
       {"MemoryMax=lots", "CPUQuota=50", "CPUQuota=0%", "CPUWeight=0", "CPUWeight=10001",
        "IOReadBandwidthMax=sda 1M", "IOReadBandwidthMax=/dev/sda", "AllowedCPUs=a", "TasksMax=-1",
        "MemoryAccounting=maybe", "RuntimeMaxSec=never"})
    EXPECT_NE(refusal(each).find(std::string(each)), std::string::npos) << refusal(each);
  EXPECT_NE(refusal("Slice=a\nMemoryMax=1"), "accepted");
  EXPECT_NE(refusal("nothing"), "accepted");
}

TEST(UnitProperty, TravelsOverTheBusWithSystemdsTypes) {
  test::Peers peers;
  const auto sent = parse_properties({"MemoryMax=64M", "MemoryHigh=50%", "AllowedCPUs=0,9",
                                      "IOReadBandwidthMax=/dev/sda 1M", "OOMPolicy=kill",
                                      "MemoryAccounting=no", "After=a.service"});
  ASSERT_TRUE(sent);
  bus::Message call = *peers.client.new_signal("/a", "a.b", "C");
  ASSERT_TRUE(call.append(*sent));
  ASSERT_GE(sd_bus_message_seal(call.get(), 1, 0), 0);
  EXPECT_STREQ(sd_bus_message_get_signature(call.get(), 1), "a(sv)");
  const auto received = call.read<UnitProperties>();
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(*received, *sent);
}

TEST(UnitProperty, AWrongTypeOverTheBusNamesThePropertyAndBoth) {
  test::Peers peers;
  bus::Message call = *peers.client.new_signal("/a", "a.b", "C");
  ASSERT_TRUE(bus::OptionWriter().set("MemoryMax", "64M").append_structs(call));
  ASSERT_GE(sd_bus_message_seal(call.get(), 1, 0), 0);
  const auto received = call.read<UnitProperties>();
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().message(), "property MemoryMax is of type 't', not 's'");
}

TEST(UnitProperty, WhatLimitsNothingIsLeftOutOfWhatIsShown) {
  const auto all =
      parse_properties({"MemoryMax=1G", "MemoryHigh=infinity", "MemoryMin=0", "MemoryLow=5",
                        "CPUWeight=", "TasksMax=0", "MemoryPressureThresholdSec=200ms",
                        "CPUQuotaPeriodSec=50ms", "AllowedCPUs=", "MemoryAccounting=yes",
                        "IOReadIOPSMax=/dev/a 5", "ManagedOOMPreference=avoid", "RuntimeMaxSec=5"});
  ASSERT_TRUE(all);
  EXPECT_EQ(property_lines(without_idle(*all)),
            (Strings{"MemoryMax=1073741824", "MemoryLow=5", "TasksMax=0",
                     "CPUQuotaPeriodSec=50000us", "IOReadIOPSMax=/dev/a 5"}));
}

TEST(UnitProperty, OnlyResourcesCanBeChangedLive) {
  EXPECT_TRUE(check_live(*parse_properties({"MemoryMax=1G", "TasksMax=5%"})));
  EXPECT_FALSE(check_live(*parse_properties({"MemoryMax=1G", "OOMPolicy=kill"})));
}

// "file: line" of what the kernel has to say.
Strings expected(const Strings& assignments) {
  const auto lines = expected_lines(*parse_properties(assignments));
  if (!lines) return {lines.error().message()};
  Strings texts;
  for (const spec::LimitLine& line : *lines) texts.push_back(line.file + ": " + line.value);
  return texts;
}

TEST(ExpectedLines, AreWhatSystemdWrites) {
  EXPECT_EQ(expected({"MemoryMax=64M", "TasksMax=infinity", "CPUWeight=idle", "AllowedCPUs=0-1,3",
                      "IOWeight=50", "OOMPolicy=kill"}),
            (Strings{"memory.max: 67108864", "pids.max: max", "cpu.idle: 1", "cpuset.cpus: 0-1,3",
                     "io.weight: default 50"}));
}

TEST(ExpectedLines, AQuotaIsOfAPeriodThatTheKernelTakes) {
  EXPECT_EQ(expected({"CPUQuota=50%"}), Strings{"cpu.max: 50000 100000"});
  EXPECT_EQ(expected({"CPUQuota=50%", "CPUQuotaPeriodSec=20ms"}), Strings{"cpu.max: 10000 20000"});
  EXPECT_EQ(expected({"CPUQuota=0.5%"}), Strings{"cpu.max: 1000 200000"});
  EXPECT_EQ(expected({"CPUQuota=50%", "CPUQuotaPeriodSec=1us"}), Strings{"cpu.max: 1000 2000"});
  EXPECT_EQ(expected({"CPUQuota=infinity"}), Strings{"cpu.max: max"});
}

TEST(ExpectedLines, ADeviceThatIsNotThereIsNamed) {
  const auto lines = expected_lines(*parse_properties({"IOReadBandwidthMax=/dev/nowhere 1M"}));
  ASSERT_FALSE(lines);
  EXPECT_NE(lines.error().message().find("/dev/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace ambit::systemd
