#include "engine/restart_decision.h"

#include <gtest/gtest.h>

namespace ambit::engine {
namespace {

using spec::RestartKind;
using spec::RestartPolicy;
using namespace std::chrono_literals;

TEST(RestartDecisionTest, OnFailureFollowsFailuresOnly) {
  const RestartPolicy policy{.kind = RestartKind::OnFailure};
  EXPECT_FALSE(restarts_after(policy, 0, 0));
  EXPECT_TRUE(restarts_after(policy, 1, 1000));
  EXPECT_TRUE(restarts_after(policy, -1, 0));
}

TEST(RestartDecisionTest, OnFailureEndsAfterItsRetries) {
  const RestartPolicy policy{.kind = RestartKind::OnFailure, .max_retries = 3};
  EXPECT_TRUE(restarts_after(policy, 1, 2));
  EXPECT_FALSE(restarts_after(policy, 1, 3));
}

TEST(RestartDecisionTest, AlwaysAndUnlessStoppedFollowEveryEnd) {
  for (const RestartKind kind : {RestartKind::Always, RestartKind::UnlessStopped}) {
    EXPECT_TRUE(restarts_after({.kind = kind}, 0, 1000));
    EXPECT_TRUE(restarts_after({.kind = kind}, 1, 1000));
  }
  EXPECT_FALSE(restarts_after({}, 1, 0));
}

TEST(RestartDecisionTest, OnlyAlwaysIsStartedAtBootAgainstTheLastWish) {
  EXPECT_TRUE(starts_at_boot({.kind = RestartKind::Always}, LastWish::Stop));
  EXPECT_TRUE(starts_at_boot({.kind = RestartKind::UnlessStopped}, LastWish::Run));
  EXPECT_FALSE(starts_at_boot({.kind = RestartKind::UnlessStopped}, LastWish::Stop));
  EXPECT_FALSE(starts_at_boot({.kind = RestartKind::OnFailure}, LastWish::Run));
  EXPECT_FALSE(starts_at_boot({}, LastWish::Run));
}

TEST(RestartDecisionTest, DelayDoublesFromATenthOfASecondToAMinute) {
  std::chrono::microseconds delay{0};
  for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms,
                              51200ms, 60000ms, 60000ms}) {
    delay = next_restart_delay(delay, 1s);
    EXPECT_EQ(delay, expected);
  }
}

TEST(RestartDecisionTest, DelayBeginsAnewAfterAGoodRun) {
  EXPECT_EQ(next_restart_delay(60s, 9999ms), 60s);
  EXPECT_EQ(next_restart_delay(60s, 10s), 100ms);
}

}  // namespace
}  // namespace ambit::engine
