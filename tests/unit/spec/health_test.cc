// Health checks as images and users write them, as they are settled, and what is kept of them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "spec/container_record.h"
#include "spec/health_options.h"
#include "spec/health_record.h"
#include "spec/image_config.h"
#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Strings = std::vector<std::string>;

HealthOptions image_health(const std::string& config) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  auto image = parse_image_config(R"({"rootfs":{"diff_ids":[")" + digest + R"("]},"config":)" +
                                  config + "}");
  EXPECT_TRUE(image) << image.error().message();
  return image ? image->health : HealthOptions{};
}

TEST(ImageHealth, TimesInNanosecondsAndTheShellAreRead) {
  const HealthOptions health = image_health(
      R"({"Healthcheck":{"Test":["CMD-SHELL","ready"],"Interval":1500000000,"Timeout":2000000,
          "StartPeriod":3000000000,"StartInterval":4000000,"Retries":5},"Shell":["/bin/ash","-ec"]})");
  EXPECT_EQ(health.test, (Strings{"CMD-SHELL", "ready"}));
  EXPECT_EQ(health.interval_usec, 1'500'000u);
  EXPECT_EQ(health.timeout_usec, 2'000u);
  EXPECT_EQ(health.start_period_usec, 3'000'000u);
  EXPECT_EQ(health.start_interval_usec, 4'000u);
  EXPECT_EQ(health.retries, 5u);
  auto settled = settle_health({}, health);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->command, (Strings{"/bin/ash", "-ec", "ready"}));
  EXPECT_EQ(settled->retries, 5u);
}

TEST(ImageHealth, IsKeptWithTheImage) {
  ImageConfig config;
  config.diff_ids = {"sha256:" + std::string(64, 'a')};
  config.health = {
      .test = {"CMD", "/ready", "now"}, .shell = {"/sh"}, .interval_usec = 1'000'000, .retries = 2};
  auto read = parse_image_config(write_image_config(config));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->health, config.health);
}

TEST(ImageHealth, ATestThatNobodyKnowsIsNone) {
  for (const char* test : {"[]", "null", R"([""])", R"(["FTP","x"])", R"(["CMD"])",
                           R"(["CMD-SHELL"])", R"(["NONE","x"])"}) {
    auto settled = settle_health(
        {}, image_health(std::string(R"({"Healthcheck":{"Interval":5,"Test":)") + test + "}}"));
    ASSERT_TRUE(settled) << test;
    EXPECT_FALSE(settled->exists()) << test;
  }
}

TEST(SettleHealth, TheUsersWordsGoOverTheImagesAndZeroSaysNothing) {
  const HealthOptions image{.test = {"CMD", "image"},
                            .interval_usec = 1'000'000,
                            .timeout_usec = 2'000'000,
                            .retries = 7};
  auto settled = settle_health({.interval_usec = 5'000'000,
                                .timeout_usec = 0,
                                .retries = 0,
                                .on_failure = HealthAction::Kill},
                               image);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->command, Strings{"image"});
  EXPECT_EQ(settled->interval_usec, 5'000'000u);
  EXPECT_EQ(settled->timeout_usec, 2'000'000u);
  EXPECT_EQ(settled->retries, 7u);
  EXPECT_EQ(settled->start_interval_usec, 5'000'000u);
  EXPECT_EQ(settled->on_failure, HealthAction::Kill);
  settled = settle_health({.test = {"CMD-SHELL", "user"}}, image);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->command, (Strings{"/bin/sh", "-c", "user"}));
}

TEST(SettleHealth, NoneTurnsTheImagesOff) {
  const HealthOptions image{.test = {"CMD", "image"}, .retries = 7};
  auto settled = settle_health({.test = {"NONE"}}, image);
  ASSERT_TRUE(settled);
  EXPECT_FALSE(settled->exists());
  EXPECT_FALSE(settle_health({.test = {"NONE"}, .retries = 2}, image));
}

TEST(SettleHealth, OptionsOfACheckThatThereIsNoneOfAreRefused) {
  const auto refused = settle_health({.timeout_usec = 5'000}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_FALSE(settle_health({.on_failure = HealthAction::Stop}, {}));
}

TEST(CheckHealthOptions, RefusesWhatCanNotBeMeant) {
  EXPECT_TRUE(check_health_options({}));
  EXPECT_TRUE(check_health_options({.test = {"CMD", "x"}, .interval_usec = kNeverUsec}));
  EXPECT_FALSE(check_health_options({.test = {"x"}}));
  EXPECT_FALSE(check_health_options({.test = {"CMD", ""}}));
  EXPECT_FALSE(check_health_options({.interval_usec = 999}));
  EXPECT_FALSE(check_health_options({.timeout_usec = kNeverUsec}));
  EXPECT_FALSE(check_health_options({.start_period_usec = 1}));
  EXPECT_FALSE(check_health_options({.start_interval_usec = 1}));
}

TEST(HealthAction, WordsAreReadAndOthersShown) {
  for (const char* word : {"none", "kill", "restart", "stop"}) {
    const auto action = parse_health_action(word);
    ASSERT_TRUE(action) << word;
    EXPECT_STREQ(to_string(*action), word);
  }
  const auto refused = parse_health_action("reboot");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("'reboot'"), std::string::npos);
}

TEST(HealthCheckRecord, ComesBackWithItsContainer) {
  ContainerRecord record;
  record.id = std::string(64, '1');
  record.name = "web";
  record.health = {.command = {"/bin/sh", "-c", "ready"},
                   .interval_usec = kNeverUsec,
                   .timeout_usec = 1,
                   .start_period_usec = 2,
                   .start_interval_usec = 3,
                   .retries = 4,
                   .on_failure = HealthAction::Restart};
  const std::string text = write_container_record(record);
  auto read = parse_container_record(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(write_container_record(*read), text);
  EXPECT_TRUE(read->health.restarts());
  EXPECT_FALSE(read->health.is_scheduled());
}

TEST(HealthCheckRecord, OneOfBeforeThereWereHealthChecksHasNone) {
  ContainerRecord record;
  record.id = std::string(64, '1');
  const std::string text = write_container_record(record);
  EXPECT_EQ(text.find("healthCheck"), std::string::npos);
  auto read = parse_container_record(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FALSE(read->health.exists());
}

TEST(HealthRecordTest, ComesBackAsItWasWritten) {
  HealthRecord record{
      .run_started_usec = 5,
      .health = Health::Unhealthy,
      .failures = 3,
      .was_healthy = true,
      .results = {
          {.started_usec = 1, .ended_usec = 2, .exit_code = -1, .output = "no \"answer\"\n"}}};
  auto read = parse_health_record(write_health_record(record));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, record);
  record.results.resize(kMaxHealthResults + 2);
  read = parse_health_record(write_health_record(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->results.size(), kMaxHealthResults);
}

TEST(HealthRecordTest, WhatDoesNotFitIsCorrupt) {
  EXPECT_FALSE(parse_health_record("{}"));
  EXPECT_FALSE(parse_health_record(
      R"({"runStartedUsec":1,"health":"fine","failures":0,"wasHealthy":false,"results":[]})"));
  EXPECT_FALSE(parse_health_record(
      R"({"runStartedUsec":1,"health":"","failures":0,"wasHealthy":false,"results":[{}]})"));
}

}  // namespace
}  // namespace ambit::spec
