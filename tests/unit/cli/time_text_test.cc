#include "cli/time_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace ambit::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
// 2024-05-01T12:00:00Z
constexpr std::int64_t kNoon = 1'714'564'800 * kSecond;

class TimeTextTest : public testing::Test {
 protected:
  // Two hours east of Greenwich.
  TimeTextTest() {
    ::setenv("TZ", "XYZ-2", 1);
    ::tzset();
  }
  ~TimeTextTest() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};

TEST_F(TimeTextTest, PointsInTimeWithAZone) {
  EXPECT_EQ(*parse_point_in_time("2024-05-01T12:00:00Z", 0), kNoon);
  EXPECT_EQ(*parse_point_in_time("2024-05-01T12:00:00.25Z", 0), kNoon + 250'000);
  EXPECT_EQ(*parse_point_in_time("2024-05-01T14:00:00+02:00", 0), kNoon);
  EXPECT_EQ(*parse_point_in_time("2024-05-01T04:30:00.123456789-0730", 0), kNoon + 123'456);
}

TEST_F(TimeTextTest, PointsInTimeWithoutAZoneAreLocal) {
  EXPECT_EQ(*parse_point_in_time("2024-05-01 14:00", 0), kNoon);
  EXPECT_EQ(*parse_point_in_time("2024-05-01T14:00:00", 0), kNoon);
  EXPECT_EQ(*parse_point_in_time("2024-05-01", 0), kNoon - 14 * 3600 * kSecond);
}

TEST_F(TimeTextTest, PointsInTimeAsSecondsAndAsDurations) {
  EXPECT_EQ(*parse_point_in_time("1714564800", 0), kNoon);
  EXPECT_EQ(*parse_point_in_time("1714564800.5", 0), kNoon + 500'000);
  EXPECT_EQ(*parse_point_in_time("1714564800.123456789", 0), kNoon + 123'456);
  EXPECT_EQ(*parse_point_in_time("10m", kNoon), kNoon - 600 * kSecond);
}

TEST_F(TimeTextTest, WhatIsNoTimeIsRefusedAndShown) {
  for (const char* text : {"", "yesterday", "2024-13-01", "2024-05-01 25:00", "2024-05-01T12:00Zx",
                           "2024-05-01T12:00:00+2", "12:00", "2024-05-01T12:00:00."}) {
    const auto time = parse_point_in_time(text, kNoon);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().message().find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST_F(TimeTextTest, TimestampsAreRfc3339WithNanoseconds) {
  EXPECT_EQ(format_timestamp(kNoon + 1), "2024-05-01T14:00:00.000001000+02:00");
}

}  // namespace
}  // namespace ambit::cli
