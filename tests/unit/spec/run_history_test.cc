#include "spec/run_history.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

PastRun run(int code) {
  return {.started_usec = code, .exited_usec = code + 1, .exit_code = code, .reason = "exited"};
}

TEST(RunHistoryTest, HasTheLastFiveTheNewestFirst) {
  RunHistory history;
  for (int code = 1; code <= 7; code++) EXPECT_TRUE(add_run(history, run(code)));
  ASSERT_EQ(history.size(), 5U);
  EXPECT_EQ(history.front(), run(7));
  EXPECT_EQ(history.back(), run(3));
}

TEST(RunHistoryTest, TheSameEndIsNotAddedAgain) {
  RunHistory history;
  EXPECT_TRUE(add_run(history, run(1)));
  EXPECT_FALSE(add_run(history, run(1)));
  EXPECT_EQ(history.size(), 1U);
}

TEST(RunHistoryTest, GivesBackWhatWasWritten) {
  const RunHistory history = {
      {.started_usec = 5, .exit_code = -1, .reason = "lost"},
      {.started_usec = 1, .exited_usec = 2, .exit_code = 137, .reason = "oom", .oom_killed = true}};
  const auto read = parse_run_history(write_run_history(history));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, history);
}

TEST(RunHistoryTest, NoMoreThanFiveAreRead) {
  const RunHistory history(9, run(1));
  const auto read = parse_run_history(write_run_history(history));
  ASSERT_TRUE(read);
  EXPECT_EQ((*read).size(), kMaxPastRuns);
}

}  // namespace
}  // namespace ambit::spec
