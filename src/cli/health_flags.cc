#include "cli/health_flags.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "base/amounts.h"
#include "base/strings.h"
#include "cli/create_flags.h"
#include "cli/json_text.h"
#include "spec/health_options.h"

namespace ambit::cli {
namespace {

using Text = std::optional<std::string>;

constexpr std::int64_t kShortestUsec = 1000;

Result<void> set_time(const char* flag, const Text& text, const char* key,
                      bus::OptionWriter& options) {
  if (!text) return {};
  const std::int64_t usec = AMBIT_TRY(parse_duration(*text).context(flag));
  if (usec > 0 && usec < kShortestUsec)
    return Error(ErrorCode::InvalidArgument,
                 strf("%s '%s': it is 1ms at least", flag, text->c_str()));
  options.set(key, static_cast<std::uint64_t>(usec));
  return {};
}

Result<void> set_retries(const Text& text, bus::OptionWriter& options) {
  if (!text) return {};
  const auto retries = parse_uint(*text);
  if (!retries || *retries > std::numeric_limits<std::uint32_t>::max())
    return Error(ErrorCode::InvalidArgument,
                 "--health-retries '" + *text + "': it is a number of failures, such as 3");
  options.set("HealthRetries", static_cast<std::uint32_t>(*retries));
  return {};
}

bool says_anything_else(const HealthFlags& flags) {
  return flags.command || flags.interval || flags.timeout || flags.start_period ||
         flags.start_interval || flags.retries || flags.on_failure;
}

}  // namespace

void add_health_flags(Parser& parser, HealthFlags& flags) {
  parser.value("--health-cmd", flags.command, "COMMAND",
               "check with it, in the container, whether that is healthy; [\"PROGRAM\", ...]: "
               "without a shell");
  parser.value("--health-interval", flags.interval, "DURATION",
               "between two checks (30s); disable: only 'ambit healthcheck run'");
  parser.value("--health-timeout", flags.timeout, "DURATION",
               "a check that takes longer is killed, and has failed (30s)");
  parser.value("--health-start-period", flags.start_period, "DURATION",
               "failures don't count for so long after a start (0s)");
  parser.value("--health-start-interval", flags.start_interval, "DURATION",
               "between two checks in that time (5s)");
  parser.value("--health-retries", flags.retries, "N", "failures in a row that count (3)");
  parser.value("--health-on-failure", flags.on_failure, "ACTION",
               "when it is unhealthy: none (default), kill, restart or stop");
  parser.flag("--no-healthcheck", flags.none, "no health check, not even the image's");
}

Result<std::vector<std::string>> parse_health_command(const std::string& text) {
  if (text == "none") return std::vector<std::string>{"NONE"};
  if (trim(text).empty())
    return Error(ErrorCode::InvalidArgument, "--health-cmd: there is no command");
  if (text.front() != '[') return std::vector<std::string>{"CMD-SHELL", text};
  auto words = AMBIT_TRY(parse_json_words(text).context("--health-cmd '" + text + "'"));
  const bool is_test =
      !words.empty() && (words[0] == "CMD" || words[0] == "CMD-SHELL" || words[0] == "NONE");
  if (!is_test) words.insert(words.begin(), "CMD");
  if (words.size() == 1 && words[0] != "NONE")
    return Error(ErrorCode::InvalidArgument, "--health-cmd '" + text + "': there is no command");
  return words;
}

Result<void> set_health_options(const HealthFlags& flags, bus::OptionWriter& options) {
  if (flags.none) {
    if (says_anything_else(flags))
      return Error(ErrorCode::InvalidArgument,
                   "--no-healthcheck and the other options of a health check exclude each other");
    options.set("HealthCheck", std::vector<std::string>{"NONE"});
    return {};
  }
  if (flags.command) {
    auto test = AMBIT_TRY(parse_health_command(*flags.command));
    AMBIT_TRY(check_text("--health-cmd", test));
    options.set("HealthCheck", std::move(test));
  }
  if (flags.interval == "disable")
    options.set("HealthIntervalUSec", std::uint64_t{spec::kNeverUsec});
  else
    AMBIT_TRY(set_time("--health-interval", flags.interval, "HealthIntervalUSec", options));
  AMBIT_TRY(set_time("--health-timeout", flags.timeout, "HealthTimeoutUSec", options));
  AMBIT_TRY(
      set_time("--health-start-period", flags.start_period, "HealthStartPeriodUSec", options));
  AMBIT_TRY(set_time("--health-start-interval", flags.start_interval, "HealthStartIntervalUSec",
                     options));
  AMBIT_TRY(set_retries(flags.retries, options));
  if (!flags.on_failure) return {};
  AMBIT_TRY(spec::parse_health_action(*flags.on_failure).context("--health-on-failure"));
  options.set("HealthOnFailure", *flags.on_failure);
  return {};
}

}  // namespace ambit::cli
