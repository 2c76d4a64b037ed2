#include "spec/health_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kNsInUsec = 1000;
constexpr std::uint64_t kShortestUsec = 1000;                  // as docker has it
constexpr std::uint64_t kLongestUsec = 1'000'000'000'000'000;  // 31 years

struct Word {
  HealthAction action;
  const char* text;
};

constexpr Word kWords[] = {{HealthAction::None, "none"},
                           {HealthAction::Kill, "kill"},
                           {HealthAction::Restart, "restart"},
                           {HealthAction::Stop, "stop"}};

bool is_test(const std::vector<std::string>& test) {
  if (test.empty()) return true;
  if (test[0] == "NONE") return test.size() == 1;
  if (test[0] == "CMD-SHELL") return test.size() == 2 && !test[1].empty();
  return test[0] == "CMD" && test.size() > 1 && !test[1].empty();
}

Result<void> check_time(const char* name, const std::optional<std::uint64_t>& usec) {
  if (!usec || *usec == 0 || (*usec >= kShortestUsec && *usec <= kLongestUsec)) return {};
  return Error(ErrorCode::InvalidArgument,
               strf("%s of %llu µs: it is 1 ms at least, and 31 years at most", name,
                    static_cast<unsigned long long>(*usec)));
}

// An image's time is taken as near as we have it: nobody can change the image.
std::optional<std::uint64_t> image_time(JsonReader& read, const Json& json, const char* name) {
  const auto ns = read.optional_number<std::uint64_t>(json, name);
  if (!ns || *ns == 0) return std::nullopt;
  return std::clamp(*ns / kNsInUsec, kShortestUsec, kLongestUsec);
}

void put_image_time(Json& json, const char* name, const std::optional<std::uint64_t>& usec) {
  if (usec) json[name] = *usec * kNsInUsec;
}

template <typename T>
T first_of(const std::optional<T>& user, const std::optional<T>& image, T otherwise) {
  if (user && *user != T{}) return *user;
  return image && *image != T{} ? *image : otherwise;
}

bool says_more_than_test(const HealthOptions& options) {
  HealthOptions rest = options;
  rest.test.clear();
  return rest != HealthOptions{};
}

std::vector<std::string> command_of(const std::vector<std::string>& test,
                                    const std::vector<std::string>& shell) {
  if (test.empty() || test[0] == "NONE") return {};
  if (test[0] == "CMD") return {test.begin() + 1, test.end()};
  std::vector<std::string> command = shell;
  if (command.empty()) command = {"/bin/sh", "-c"};
  command.push_back(test[1]);
  return command;
}

}  // namespace

Result<HealthAction> parse_health_action(std::string_view text) {
  for (const Word& word : kWords)
    if (text == word.text) return word.action;
  return Error(ErrorCode::InvalidArgument,
               "'" + std::string(text) + "': it is none, kill, restart or stop");
}

const char* to_string(HealthAction action) {
  for (const Word& word : kWords)
    if (word.action == action) return word.text;
  return "none";
}

Result<void> check_health_options(const HealthOptions& options) {
  if (!is_test(options.test))
    return Error(ErrorCode::InvalidArgument,
                 "health check '" + join(options.test, " ") +
                     "': it is NONE, CMD with a program and its arguments, or CMD-SHELL with a "
                     "line for the shell");
  if (options.interval_usec != kNeverUsec)
    AMBIT_TRY(check_time("health interval", options.interval_usec));
  AMBIT_TRY(check_time("health timeout", options.timeout_usec));
  AMBIT_TRY(check_time("health start period", options.start_period_usec));
  return check_time("health start interval", options.start_interval_usec);
}

HealthOptions image_health_from(JsonReader& read, const Json& config) {
  const Json& json = read.member(config, "Healthcheck");
  if (json.is_null()) return {};
  HealthOptions options;
  options.test = read.list(json, "Test");
  if (!is_test(options.test)) options.test.clear();
  options.shell = read.list(config, "Shell");
  options.interval_usec = image_time(read, json, "Interval");
  options.timeout_usec = image_time(read, json, "Timeout");
  options.start_period_usec = image_time(read, json, "StartPeriod");
  options.start_interval_usec = image_time(read, json, "StartInterval");
  options.retries = read.optional_number<std::uint32_t>(json, "Retries");
  return options;
}

Json image_health_json(const HealthOptions& options) {
  if (options == HealthOptions{}) return {};
  Json json = {{"Test", options.test}};
  put_image_time(json, "Interval", options.interval_usec);
  put_image_time(json, "Timeout", options.timeout_usec);
  put_image_time(json, "StartPeriod", options.start_period_usec);
  put_image_time(json, "StartInterval", options.start_interval_usec);
  if (options.retries) json["Retries"] = *options.retries;
  return json;
}

Result<HealthCheck> settle_health(const HealthOptions& user, const HealthOptions& image) {
  HealthCheck check;
  check.command =
      user.test.empty() ? command_of(image.test, image.shell) : command_of(user.test, image.shell);
  if (!check.exists()) {
    if (says_more_than_test(user))
      return Error(ErrorCode::InvalidArgument,
                   "options of a health check, and no health check: the image has none, or it is "
                   "turned off");
    return check;
  }
  check.interval_usec = first_of(user.interval_usec, image.interval_usec, check.interval_usec);
  check.timeout_usec = first_of(user.timeout_usec, image.timeout_usec, check.timeout_usec);
  check.start_period_usec =
      first_of(user.start_period_usec, image.start_period_usec, check.start_period_usec);
  check.start_interval_usec =
      first_of(user.start_interval_usec, image.start_interval_usec, check.start_interval_usec);
  check.retries = first_of(user.retries, image.retries, check.retries);
  check.on_failure = user.on_failure.value_or(HealthAction::None);
  return check;
}

Json to_json(const HealthCheck& check) {
  if (!check.exists()) return {};
  return {{"command", check.command},
          {"intervalUsec", check.interval_usec},
          {"timeoutUsec", check.timeout_usec},
          {"startPeriodUsec", check.start_period_usec},
          {"startIntervalUsec", check.start_interval_usec},
          {"retries", check.retries},
          {"onFailure", to_string(check.on_failure)}};
}

HealthCheck health_check_from(JsonReader& read, const Json& json) {
  if (json.is_null()) return {};
  read.require(json, {"command", "intervalUsec", "timeoutUsec", "startPeriodUsec",
                      "startIntervalUsec", "retries", "onFailure"});
  HealthCheck check;
  check.command = read.list(json, "command");
  check.interval_usec = read.number<std::uint64_t>(json, "intervalUsec");
  check.timeout_usec = read.number<std::uint64_t>(json, "timeoutUsec");
  check.start_period_usec = read.number<std::uint64_t>(json, "startPeriodUsec");
  check.start_interval_usec = read.number<std::uint64_t>(json, "startIntervalUsec");
  check.retries = read.number<std::uint32_t>(json, "retries");
  const auto action = parse_health_action(read.string(json, "onFailure"));
  if (!action) read.wrong("onFailure");
  if (action) check.on_failure = *action;
  return check;
}

}  // namespace ambit::spec
