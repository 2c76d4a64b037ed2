// Records on disk: what was written comes back, and what nobody of ours wrote is
// refused.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "spec/container_record.h"
#include "spec/exit_record.h"
#include "spec/image_config.h"
#include "spec/runtime_spec.h"

namespace ambit::spec {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

ContainerRecord whole_record() {
  ContainerRecord record;
  record.id = std::string(64, '1');
  record.name = "web";
  record.image = "busybox";
  record.image_id = std::string(64, '2');
  record.created_usec = 3;
  record.command = {"sh", "-c", "x"};
  record.environment = {"A=b"};
  record.working_dir = "/w";
  record.user = "u:g";
  record.stop_signal = 37;
  record.stop_timeout_usec = 4;
  ContainerOptions& options = record.options;
  options.entrypoint = {"/e"};
  options.labels = {{"k", "v"}};
  options.stop_timeout_usec = 5;
  options.terminal = options.init = true;
  options.console_size = ConsoleSize{.rows = 24, .columns = 65535};
  options.mounts.push_back(
      {.destination = "/d", .type = "bind", .source = "/s", .options = {"ro"}});
  options.restart = {.kind = RestartKind::OnFailure, .max_retries = 3};
  options.notify = NotifyMode::Container;
  options.ulimits.push_back({.name = "nofile", .soft = 6, .hard = UINT64_MAX});
  options.limits = {.properties = {"MemoryMax=8"}, .oom_score_adj = -9, .shm_size_bytes = 10};
  return record;
}

TEST(ContainerRecordTest, WrittenRecordReadsBackTheSame) {
  const std::string text = write_container_record(whole_record());
  const auto again = parse_container_record(text);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(write_container_record(*again), text);
}

struct Wrong {
  const char* from;
  const char* to;
  const char* member;
};

void expect_named(const std::string& message, const char* member) {
  EXPECT_NE(message.find("'" + std::string(member) + "'"), std::string::npos) << message;
}

TEST(ContainerRecordTest, WhatIsMissingOrDoesNotFitIsNamed) {
  const Wrong kCases[] = {
      {"\"createdUsec\": 3", "\"createdUsec\": 1e300", "createdUsec"},
      {"\"stopSignal\": 37", "\"stopSignal\": 4294967311", "stopSignal"},
      {"\"stopTimeoutUsec\": 4", "\"stopTimeoutUsec\": -1", "stopTimeoutUsec"},
      {"65535", "65536", "consoleSize"},
      {"24,", "24, 1,", "consoleSize"},
      {"\"terminal\": true", "\"terminal\": 1", "terminal"},
      {"\"soft\": 6", "\"soft\": 6.5", "soft"},
      {"\"name\": \"web\"", "\"other\": \"web\"", "name"},
      {"\"logDriver\"", "\"other\"", "logDriver"},
      {"\"destination\"", "\"other\"", "destination"},
      {"\"hard\"", "\"other\"", "hard"},
      {"\"oomScoreAdj\": -9", "\"oomScoreAdj\": 1e300", "oomScoreAdj"},
      {"\"shmSizeBytes\": 10", "\"shmSizeBytes\": -1", "shmSizeBytes"},
  };
  for (const Wrong& wrong : kCases) {
    const auto record = parse_container_record(
        replaced(write_container_record(whole_record()), wrong.from, wrong.to));
    ASSERT_FALSE(record) << wrong.to;
    EXPECT_EQ(record.error().code(), ErrorCode::Corrupt);
    expect_named(record.error().message(), wrong.member);
  }
}

TEST(ContainerRecordTest, OneOfBeforeThereWereLimitsIsRead) {
  ContainerRecord record = whole_record();
  record.options.limits = {};
  const std::string text = write_container_record(record);
  EXPECT_EQ(text.find("\"limits\""), std::string::npos);
  EXPECT_TRUE(parse_container_record(text));
}

TEST(ExitRecordTest, KeepsWhatWasSetOfTheUnitAndLeavesOutWhatIsNoPlainText) {
  const auto record = parse_exit_record(write_exit_record(
      {.set_properties = {"IOReadBandwidthMax=/dev/a\"b\\c 1", "A=\n", "B=\xff", "TasksMax=5"}}));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ((*record).set_properties,
            (std::vector<std::string>{"IOReadBandwidthMax=/dev/a\"b\\c 1", "TasksMax=5"}));
}

TEST(RunRecordTest, NumbersThatDoNotFitAreCorrupt) {
  const std::string good = write_run_record({.boot_id = "b", .unit = "u", .started_usec = 7});
  ASSERT_TRUE(parse_run_record(good));
  const auto run = parse_run_record(replaced(good, "7", "1e19"));
  ASSERT_FALSE(run);
  expect_named(run.error().message(), "startedUsec");
}

TEST(ExitRecordTest, NumbersThatDoNotFitAreCorrupt) {
  const std::string good = write_exit_record(
      {.boot_id = "b", .started_usec = 7, .exited_usec = 8, .exit_code = 9, .reason = "oom"});
  ASSERT_TRUE(parse_exit_record(good));
  for (const Wrong& wrong :
       {Wrong{":7", ":1e300", "startedUsec"}, Wrong{":8", ":18446744073709551615", "exitedUsec"},
        Wrong{":9", ":4294967305", "exitCode"}, Wrong{"false", "0", "oomKilled"}}) {
    const auto record = parse_exit_record(replaced(good, wrong.from, wrong.to));
    ASSERT_FALSE(record) << wrong.to;
    expect_named(record.error().message(), wrong.member);
  }
}

// The stack would end long before: copying a value recurses.
TEST(RecordsTest, DeepNestingIsRefused) {
  const auto nested = [](const std::string& open) {
    std::string text = "{\"options\":";
    for (int i = 0; i < 100000; ++i) text += open;
    return text;
  };
  const std::function<bool(std::string_view)> kParsers[] = {
      [](std::string_view text) { return parse_container_record(text).has_value(); },
      [](std::string_view text) { return parse_run_record(text).has_value(); },
      [](std::string_view text) { return parse_exit_record(text).has_value(); },
      [](std::string_view text) { return parse_image_config(text).has_value(); },
      [](std::string_view text) { return parse_runtime_spec(text).has_value(); },
      [](std::string_view text) { return parse_resources(text).has_value(); },
      [](std::string_view text) { return parse_process_spec(text).has_value(); },
  };
  for (const auto& parses : kParsers) {
    EXPECT_FALSE(parses(nested("[")));
    EXPECT_FALSE(parses(nested("{\"a\":")));
    EXPECT_FALSE(parses(nested("[") + std::string(100000, ']') + "}"));
  }
}

}  // namespace
}  // namespace ambit::spec
