#include "engine/health_rules.h"

#include <gtest/gtest.h>

namespace ambit::engine {
namespace {

using spec::Health;
using std::chrono::seconds;

constexpr std::int64_t kSec = 1'000'000;
constexpr std::int64_t kBegan = 1000 * kSec;

spec::HealthRecord begun() { return {.run_started_usec = kBegan, .health = Health::Starting}; }

spec::HealthResult result_at(std::int64_t sec, int code) {
  return {.started_usec = kBegan + sec * kSec,
          .ended_usec = kBegan + (sec + 1) * kSec,
          .exit_code = code};
}

TEST(HealthRules, FailuresInARowCountAndOnePassedCheckEndsThem) {
  const spec::HealthCheck check{.command = {"x"}, .retries = 2};
  auto record = after_check(check, begun(), result_at(1, 1));
  EXPECT_EQ(record.health, Health::Starting);
  EXPECT_EQ(record.failures, 1u);
  record = after_check(check, record, result_at(2, 0));
  EXPECT_EQ(record.health, Health::Healthy);
  EXPECT_EQ(record.failures, 0u);
  record = after_check(check, record, result_at(3, 1));
  EXPECT_EQ(record.health, Health::Healthy);
  record = after_check(check, record, result_at(4, -1));
  EXPECT_EQ(record.health, Health::Unhealthy);
  EXPECT_TRUE(record.was_healthy);
  record = after_check(check, record, result_at(5, 0));
  EXPECT_EQ(record.health, Health::Healthy);
}

TEST(HealthRules, InTheStartPeriodFailuresDoNotCountUntilACheckHasPassed) {
  const spec::HealthCheck check{.command = {"x"}, .start_period_usec = 10 * kSec, .retries = 1};
  auto record = after_check(check, begun(), result_at(9, 1));
  EXPECT_EQ(record.health, Health::Starting);
  EXPECT_EQ(record.failures, 0u);
  EXPECT_EQ(after_check(check, record, result_at(10, 1)).health, Health::Unhealthy);
  record = after_check(check, record, result_at(2, 0));
  EXPECT_EQ(after_check(check, record, result_at(3, 1)).health, Health::Unhealthy);
}

TEST(HealthRules, TheStartIntervalIsOfTheStartPeriodOfOneThatIsStarting) {
  const spec::HealthCheck check{.command = {"x"}, .start_period_usec = 10 * kSec};
  EXPECT_EQ(next_check_delay(check, begun(), kBegan), seconds(5));
  EXPECT_EQ(next_check_delay(check, begun(), kBegan + 10 * kSec), seconds(30));
  const auto healthy = after_check(check, begun(), result_at(1, 0));
  EXPECT_EQ(next_check_delay(check, healthy, kBegan + kSec), seconds(30));
  // The clock was set back: the period is not made longer by it.
  EXPECT_EQ(next_check_delay(check, begun(), kBegan - 1), seconds(30));
}

TEST(HealthRules, TheNewestResultsAreKept) {
  const spec::HealthCheck check{.command = {"x"}};
  auto record = begun();
  for (int code = 1; code <= 7; ++code) record = after_check(check, record, result_at(1, code));
  ASSERT_EQ(record.results.size(), spec::kMaxHealthResults);
  EXPECT_EQ(record.results.front().exit_code, 7);
  EXPECT_EQ(record.results.back().exit_code, 3);
}

TEST(HealthRules, OnlyPassedChecksAreNotWorthAWrite) {
  const spec::HealthCheck check{.command = {"x"}, .retries = 2};
  const auto healthy = after_check(check, begun(), result_at(1, 0));
  EXPECT_TRUE(is_worth_keeping(begun(), healthy));
  EXPECT_FALSE(is_worth_keeping(healthy, after_check(check, healthy, result_at(2, 0))));
  EXPECT_TRUE(is_worth_keeping(healthy, after_check(check, healthy, result_at(2, 1))));
}

}  // namespace
}  // namespace ambit::engine
