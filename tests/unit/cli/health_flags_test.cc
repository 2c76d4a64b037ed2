#include "cli/health_flags.h"

#include <gtest/gtest.h>

namespace ambit::cli {
namespace {

using Strings = std::vector<std::string>;

// The message names the flag and shows the value.
void expect_refused(const HealthFlags& flags, const char* flag, const char* value) {
  bus::OptionWriter options;
  const auto refused = set_health_options(flags, options);
  ASSERT_FALSE(refused) << flag << " " << value;
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(refused.error().message().find(flag), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find(value), std::string::npos) << refused.error().message();
}

TEST(HealthFlags, NothingSaidIsNoOption) {
  bus::OptionWriter options;
  ASSERT_TRUE(set_health_options({}, options));
  EXPECT_TRUE(options.empty());
}

TEST(HealthFlags, ACommandIsForTheShellUnlessItIsAList) {
  EXPECT_EQ(*parse_health_command("curl -f localhost || exit 1"),
            (Strings{"CMD-SHELL", "curl -f localhost || exit 1"}));
  EXPECT_EQ(*parse_health_command(R"(["curl", "-f", "x"])"), (Strings{"CMD", "curl", "-f", "x"}));
  EXPECT_EQ(*parse_health_command(R"(["CMD", "curl"])"), (Strings{"CMD", "curl"}));
  EXPECT_EQ(*parse_health_command(R"(["CMD-SHELL", "a b"])"), (Strings{"CMD-SHELL", "a b"}));
  EXPECT_EQ(*parse_health_command("none"), Strings{"NONE"});
  EXPECT_FALSE(parse_health_command(" "));
  EXPECT_FALSE(parse_health_command("[]"));
  EXPECT_FALSE(parse_health_command("[1]"));
}

TEST(HealthFlags, MistakesNameTheFlagAndShowTheValue) {
  expect_refused({.command = "[1"}, "--health-cmd", "[1");
  expect_refused({.interval = "often"}, "--health-interval", "often");
  expect_refused({.interval = "10us"}, "--health-interval", "10us");
  expect_refused({.timeout = "disable"}, "--health-timeout", "disable");
  expect_refused({.start_period = "-1s"}, "--health-start-period", "-1s");
  expect_refused({.start_interval = "5x"}, "--health-start-interval", "5x");
  expect_refused({.retries = "-1"}, "--health-retries", "-1");
  expect_refused({.retries = "4294967296"}, "--health-retries", "4294967296");
  expect_refused({.on_failure = "reboot"}, "--health-on-failure", "reboot");
}

TEST(HealthFlags, NoHealthcheckStandsAlone) {
  bus::OptionWriter options;
  ASSERT_TRUE(set_health_options({.none = true}, options));
  EXPECT_FALSE(options.empty());
  EXPECT_FALSE(set_health_options({.command = "true", .none = true}, options));
}

TEST(HealthFlags, DurationsAreDockersAndAnIntervalMayBeDisabled) {
  bus::OptionWriter options;
  EXPECT_TRUE(
      set_health_options({.interval = "1m30s", .timeout = "500ms", .start_period = "0s"}, options));
  EXPECT_TRUE(set_health_options({.interval = "disable"}, options));
}

}  // namespace
}  // namespace ambit::cli
