#include "spec/monitor_settings.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

TEST(MonitorSettingsTest, NameOfAnImageMayHaveAnyByte) {
  for (const char* image : {"rootfs:/a\nlog_driver=none", "rootfs:/a\\n", "\\", "\n\\\n"}) {
    const auto settings =
        parse_monitor_settings(write_monitor_settings({.id = "1", .image = image}));
    ASSERT_TRUE(settings) << settings.error().message();
    EXPECT_EQ((*settings).image, image);
    EXPECT_EQ((*settings).log_driver, "journald");
  }
}

TEST(MonitorSettingsTest, TheTimeItMayRunArrives) {
  const auto settings = parse_monitor_settings(
      write_monitor_settings({.id = "1", .runtime_max_usec = 90'000'000'000}));
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ((*settings).runtime_max_usec, 90'000'000'000U);
}

TEST(MonitorSettingsTest, NumbersThatDoNotFitAreCorrupt) {
  for (const char* text :
       {"stop_signal=4294967311", "stop_signal=0", "stop_signal=65", "stop_signal=-1",
        "stop_timeout_usec=18446744073709551616", "runtime_max_usec=-1"}) {
    const auto settings = parse_monitor_settings(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().code(), ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace ambit::spec
