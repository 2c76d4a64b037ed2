#include "base/amounts.h"

#include <gtest/gtest.h>

namespace ambit {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(ParseDurationTest, AddsUpNumbersWithUnits) {
  EXPECT_EQ(*parse_duration("10m"), 600 * kSecond);
  EXPECT_EQ(*parse_duration("1h30m"), 5400 * kSecond);
  EXPECT_EQ(*parse_duration("1.5s"), 1'500'000);
  EXPECT_EQ(*parse_duration("500ms"), 500'000);
  EXPECT_EQ(*parse_duration("2d"), 172'800 * kSecond);
}

TEST(ParseDurationTest, TakesSystemdsWordsAndSpaces) {
  EXPECT_EQ(*parse_duration("5min"), 300 * kSecond);
  EXPECT_EQ(*parse_duration("1hr 30min 2 seconds"), 5402 * kSecond);
}

TEST(ParseDurationTest, ABareNumberIsSeconds) {
  EXPECT_EQ(*parse_duration("0"), 0);
  EXPECT_EQ(*parse_duration("30"), 30 * kSecond);
}

TEST(ParseDurationTest, RefusesWhatIsNone) {
  for (const char* text : {"", "m", "-5", "10x", "10m5", "1e3", "30 5", "99999999999999999999d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ParseSizeTest, UnitsArePowersOf1024) {
  EXPECT_EQ(*parse_size("100"), 100U);
  EXPECT_EQ(*parse_size("100b"), 100U);
  EXPECT_EQ(*parse_size("64m"), 64U << 20);
  EXPECT_EQ(*parse_size("64MiB"), 64U << 20);
  EXPECT_EQ(*parse_size("64 MB"), 64U << 20);
  EXPECT_EQ(*parse_size("1.5G"), 3ULL << 29);
  EXPECT_EQ(*parse_size("18446744073709551614"), UINT64_MAX - 1);
}

TEST(ParseSizeTest, UnitsOfADevicesRateArePowersOf1000) {
  EXPECT_EQ(*parse_size("5M", SizeUnit::Decimal), 5'000'000U);
  EXPECT_EQ(*parse_size("5MiB", SizeUnit::Decimal), 5U << 20);
}

TEST(ParseSizeTest, RefusesWhatIsNone) {
  for (const char* text : {"", "m", "-5", "10x", "1mm", "1kbx", "5%", "999999999999e", "1e3"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(ParsePercentTest, IsInMillionths) {
  EXPECT_EQ(*parse_percent("50%"), 500'000U);
  EXPECT_EQ(*parse_percent("33.3333%"), 333'333U);
  EXPECT_EQ(*parse_percent("250%"), 2'500'000U);
  for (const char* text : {"50", "%", "-1%", "50%%"}) EXPECT_FALSE(parse_percent(text)) << text;
}

}  // namespace
}  // namespace ambit
