#include "cli/limit_flags.h"

#include <gtest/gtest.h>

namespace ambit::cli {
namespace {

using Strings = std::vector<std::string>;

Strings properties(const LimitFlags& flags, const spec::CurrentLimits& current = {}) {
  const auto properties = limit_properties(flags, current);
  return properties ? systemd::property_lines(*properties) : Strings{properties.error().message()};
}

// The message names the flag and shows the value.
void expect_refused(const LimitFlags& flags, const char* flag, const char* value) {
  const auto refused = limit_properties(flags);
  ASSERT_FALSE(refused) << flag << " " << value;
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(refused.error().message().find(flag), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find(value), std::string::npos) << refused.error().message();
}

TEST(LimitFlags, CpusAreAQuotaInWholePercents) {
  EXPECT_EQ(properties({.cpus = "1.5"}), (Strings{"CPUQuota=150%", "CPUQuotaPeriodSec=100000us"}));
  EXPECT_EQ(properties({.cpus = "0.125"}), (Strings{"CPUQuota=13%", "CPUQuotaPeriodSec=100000us"}));
  EXPECT_EQ(properties({.cpus = "0"}),
            (Strings{"CPUQuota=infinity", "CPUQuotaPeriodSec=100000us"}));
}

TEST(LimitFlags, SwapIncludesMemoryAlsoOneThatIsInForce) {
  EXPECT_EQ(properties({.memory = "64m", .memory_swap = "96m"}),
            (Strings{"MemorySwapMax=33554432", "MemoryMax=67108864"}));
  EXPECT_EQ(properties({.memory_swap = "96m"}, {.memory_max = "67108864"}),
            Strings{"MemorySwapMax=33554432"});
  EXPECT_FALSE(limit_properties({.memory = "64m", .memory_swap = "32m"}));
}

TEST(LimitFlags, NoLimitIsMinusOneOrZero) {
  for (const char* none : {"-1", "0", "unlimited"})
    EXPECT_EQ(properties({.memory_reservation = none}), Strings{"MemoryLow=infinity"}) << none;
  EXPECT_EQ(properties({.pids_limit = "-1"}), Strings{"TasksMax=infinity"});
  EXPECT_EQ(properties({.pids_limit = "0"}), Strings{"TasksMax=infinity"});
}

TEST(LimitFlags, RatesOfDevicesAddUp) {
  EXPECT_EQ(properties({.device_read_bps = {"/dev/a:1mb", "/dev/b:2k"},
                        .device_write_iops = {"/dev/a:100"},
                        .blkio_weight_device = {"/dev/a:500"}}),
            (Strings{"IOReadBandwidthMax=/dev/a 1048576", "IOReadBandwidthMax=/dev/b 2048",
                     "IOWriteIOPSMax=/dev/a 100", "IODeviceWeight=/dev/a 4950"}));
}

TEST(LimitFlags, APropertyGoesOverTheOptionThatStandsForIt) {
  EXPECT_EQ(properties({.pids_limit = "5", .properties = {"TasksMax=7"}}), Strings{"TasksMax=7"});
}

TEST(LimitFlags, ShortPIsAPropertyWhereItCanBeNoPort) {
  EXPECT_EQ(properties({.short_p = {"MemoryMax=1M"}}), Strings{"MemoryMax=1048576"});
  EXPECT_EQ(properties({.short_p = {"IOReadBandwidthMax=/dev/disk/by-path/a:b 1M"}}),
            Strings{"IOReadBandwidthMax=/dev/disk/by-path/a:b 1000000"});
  for (const char* port : {"8080:80", "127.0.0.1:8080:80/tcp", "80", "[::1]:80:80"})
    expect_refused({.short_p = {port}}, "-p", port);
}

TEST(LimitFlags, WhatIsWrongNamesTheFlag) {
  expect_refused({.memory = "lots"}, "--memory", "lots");
  expect_refused({.cpus = "two"}, "--cpus", "two");
  expect_refused({.cpus = "1", .cpu_quota = "5"}, "--cpus", "1");
  expect_refused({.cpu_weight = "0"}, "--cpu-weight", "0");
  expect_refused({.pids_limit = "few"}, "--pids-limit", "few");
  expect_refused({.device_read_bps = {"sda:1m"}}, "--device-read-bps", "sda:1m");
  expect_refused({.blkio_weight_device = {"/dev/a:5"}}, "--blkio-weight-device", "/dev/a:5");
  expect_refused({.properties = {"MemoryMx=1"}}, "--property", "MemoryMx");
  expect_refused({.oom_policy = "a\nb"}, "--oom-policy", "a");
}

}  // namespace
}  // namespace ambit::cli
