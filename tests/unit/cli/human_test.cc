#include "cli/human.h"

#include <gtest/gtest.h>

#include "base/nearest.h"
#include "cli/table.h"

namespace ambit::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

TEST(HumanSizeTest, UsesPowersOfThousandAndFourDigits) {
  EXPECT_EQ(human_size(0), "0B");
  EXPECT_EQ(human_size(999), "999B");
  EXPECT_EQ(human_size(1000), "1kB");
  EXPECT_EQ(human_size(4'430'000), "4.43MB");
  EXPECT_EQ(human_size(999'999), "1MB");
  EXPECT_EQ(human_size(UINT64_MAX), "18.45EB");
}

TEST(HumanDurationTest, SaysItAsDockerDoes) {
  EXPECT_EQ(human_duration(999), "Less than a second");
  EXPECT_EQ(human_duration(kSecond), "1 second");
  EXPECT_EQ(human_duration(59 * kSecond), "59 seconds");
  EXPECT_EQ(human_duration(60 * kSecond), "About a minute");
  EXPECT_EQ(human_duration(5 * 60 * kSecond), "5 minutes");
  EXPECT_EQ(human_duration(kHour), "About an hour");
  EXPECT_EQ(human_duration(47 * kHour), "47 hours");
  EXPECT_EQ(human_duration(48 * kHour), "2 days");
  EXPECT_EQ(human_duration(21 * 24 * kHour), "3 weeks");
  EXPECT_EQ(human_duration(90 * 24 * kHour), "3 months");
  EXPECT_EQ(human_duration(800 * 24 * kHour), "2 years");
}

TEST(HumanAgoTest, AnUnknownTimeIsEmptyAndAFutureOneIsNow) {
  EXPECT_EQ(human_ago(0, kHour), "");
  EXPECT_EQ(human_ago(2 * kHour, kHour), "Less than a second ago");
}

TEST(ShortReferenceTest, LeavesOutOnlyTheDefaultRegistryAndNamespace) {
  EXPECT_EQ(short_reference("docker.io/library/busybox:latest"), "busybox:latest");
  EXPECT_EQ(short_reference("docker.io/grafana/loki:3"), "grafana/loki:3");
  EXPECT_EQ(short_reference("quay.io/library/x:1"), "quay.io/library/x:1");
  EXPECT_EQ(short_reference("host:"), "host:");
}

TEST(ShortenTest, CutsAtCharactersNotBytes) {
  EXPECT_EQ(shorten("abcdef", 4), "abc…");
  EXPECT_EQ(shorten("abcd", 4), "abcd");
  EXPECT_EQ(shorten("äöüß", 3), "äö…");
  EXPECT_EQ(shorten("abcdef", 0), "abcdef");
}

TEST(TableTest, AlignsColumnsByCharactersWithoutSpaceAtLineEnds) {
  Table table({"A", "LONG NAME", "C"});
  table.add({"äö", "x", "y"});
  EXPECT_EQ(table.text(), "A    LONG NAME   C\näö   x           y\n");
}

TEST(TableTest, ControlCharactersNeverReachTheTerminal) {
  Table table({"A"});
  table.add({"\x1b[31mred\n"});
  EXPECT_EQ(table.text(), "A\n?[31mred?\n");
}

TEST(NearestTest, FindsTheWordWithATypo) {
  const std::vector<std::string> words = {"run", "stop", "start", "images", "rm", "rmi"};
  EXPECT_EQ(nearest("stpo", words), "stop");
  EXPECT_EQ(nearest("image", words), "images");
  EXPECT_EQ(nearest("strat", words), "start");
  EXPECT_EQ(nearest("xyzzy", words), "");
  EXPECT_EQ(nearest("qq", words), "");
}

}  // namespace
}  // namespace ambit::cli
