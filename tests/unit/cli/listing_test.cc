#include <gtest/gtest.h>

#include "cli/container_row.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/pod_row.h"

namespace ambit::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kNow = 1'000'000 * kSecond;

ContainerRow row() {
  return {.id = "abcdef0123",
          .name = "web-1",
          .image = "docker.io/library/nginx:latest",
          .state = "exited",
          .labels = {{"role", "web"}, {"x", ""}},
          .started_usec = kNow - 600 * kSecond,
          .exited_usec = kNow - 300 * kSecond,
          .exit_code = 3};
}

bool fits(const std::vector<std::string>& filters) {
  return matches(*parse_container_filter(filters), row());
}

TEST(StatusTest, SaysHowLongItRunsOrHowItEnded) {
  ContainerRow container = row();
  EXPECT_EQ(status_text(container, kNow), "Exited (3) 5 minutes ago");
  container.exit_reason = "timeout";
  EXPECT_EQ(status_text(container, kNow), "Exited (3, timeout) 5 minutes ago");
  container.exit_reason = "oom";
  EXPECT_EQ(status_text(container, kNow), "Exited (3, oom) 5 minutes ago");
  container.state = "running";
  EXPECT_EQ(status_text(container, kNow), "Up 10 minutes");
  container.state = "created";
  EXPECT_EQ(status_text(container, kNow), "Created");
}

TEST(StatusTest, AnUnknownCodeIsNeverZero) {
  ContainerRow container = row();
  container.exit_code = -1;
  EXPECT_EQ(status_text(container, kNow), "Exited (unknown) 5 minutes ago");
  container.exit_code = 0;
  container.exit_reason = "lost";
  EXPECT_EQ(status_text(container, kNow), "Exited (unknown) 5 minutes ago");
}

TEST(StatusTest, SaysWhenItsRestartIsDue) {
  ContainerRow container = row();
  container.restart_usec = kNow + 11'500'000;
  EXPECT_EQ(status_text(container, kNow), "Restarting (3) in 12 s");
  container.restart_usec = kNow - 1;
  EXPECT_EQ(status_text(container, kNow), "Restarting (3) now");
  EXPECT_TRUE(is_running(container));
}

TEST(FilterTest, EachKeyHasItsOwnRule) {
  EXPECT_TRUE(fits({"name=eb-"}));
  EXPECT_FALSE(fits({"name=db"}));
  EXPECT_TRUE(fits({"id=abc"}));
  EXPECT_FALSE(fits({"id=bcd"}));
  EXPECT_TRUE(fits({"status=exited"}));
  EXPECT_TRUE(fits({"ancestor=nginx"}));
  EXPECT_TRUE(fits({"image=docker.io/library/nginx:latest"}));
  EXPECT_FALSE(fits({"image=nginx:1"}));
  EXPECT_TRUE(fits({"exited=3"}));
  EXPECT_FALSE(fits({"exited=0"}));
}

TEST(FilterTest, LabelsMustAllBeThereAndOtherValuesAreAlternatives) {
  EXPECT_TRUE(fits({"label=role=web", "label=x"}));
  EXPECT_FALSE(fits({"label=role=web", "label=y"}));
  EXPECT_FALSE(fits({"label=role=db"}));
  EXPECT_TRUE(fits({"name=db", "name=web"}));
  EXPECT_FALSE(fits({"name=web", "status=running"}));
}

TEST(FilterTest, UnknownKeysAreRefused) {
  EXPECT_FALSE(parse_container_filter({"bogus=1"}));
  EXPECT_FALSE(parse_container_filter({"name"}));
}

TEST(FormatTest, IsTableOrJson) {
  EXPECT_EQ(*parse_list_format(std::nullopt), ListFormat::ForPeople);
  EXPECT_EQ(*parse_list_format("json"), ListFormat::ForMachines);
  EXPECT_FALSE(parse_list_format("{{.ID}}"));
}

TEST(JsonTest, MembersKeepTheirOrderAndBytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(show_json({{"b", 1}, {"a", "\xff"}}),
            "{\n    \"b\": 1,\n    \"a\": \"\xef\xbf\xbd\"\n}\n");
}

TEST(JsonTest, WhatIsNoJsonIsCorrupt) {
  EXPECT_EQ(parse_json("{").error().code(), ErrorCode::Corrupt);
}

TEST(PodListingTest, StatusCountsThoseThatRun) {
  PodRow pod{.name = "web", .state = "degraded", .containers = {row(), row()}};
  pod.containers.front().state = "running";
  EXPECT_EQ(status_text(pod), "Degraded (1 of 2)");
  pod.state = "running";
  pod.containers.pop_back();
  EXPECT_EQ(status_text(pod), "Running (1)");
  EXPECT_EQ(status_text(PodRow{.name = "web", .state = "created"}), "Created");
}

TEST(PodListingTest, FiltersAddUp) {
  const PodRow pod{.name = "web-1", .state = "exited", .labels = {{"role", "web"}}};
  const auto fits_pod = [&pod](const std::vector<std::string>& filters) {
    return matches(*parse_pod_filter(filters), pod);
  };
  EXPECT_TRUE(fits_pod({"name=eb", "status=exited", "label=role=web"}));
  EXPECT_TRUE(fits_pod({"name=x", "name=web"}));
  EXPECT_FALSE(fits_pod({"name=web", "status=running"}));
  EXPECT_FALSE(fits_pod({"label=role=db"}));
  EXPECT_EQ(parse_pod_filter({"size=1"}).error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(parse_pod_filter({"name"}).error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace ambit::cli
