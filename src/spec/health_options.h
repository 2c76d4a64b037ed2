#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

class JsonReader;

// What is done with a container whose health check has found it unhealthy.
enum class HealthAction { None, Kill, Restart, Stop };

// "none", "kill", "restart", "stop". InvalidArgument shows the text.
Result<HealthAction> parse_health_action(std::string_view text);
const char* to_string(HealthAction action);

constexpr std::uint64_t kNeverUsec = UINT64_MAX;

// What an image or a user says of a health check; docker's words. What is not set, or 0, is said by
// neither.
struct HealthOptions {
  // {"NONE"}, {"CMD", PROGRAM, ARGUMENT...} or {"CMD-SHELL", LINE}; empty: nothing is said.
  std::vector<std::string> test;
  std::vector<std::string> shell;              // of an image, before LINE; empty: /bin/sh -c
  std::optional<std::uint64_t> interval_usec;  // kNeverUsec: only where somebody asks for it
  std::optional<std::uint64_t> timeout_usec;
  std::optional<std::uint64_t> start_period_usec;
  std::optional<std::uint64_t> start_interval_usec;
  std::optional<std::uint32_t> retries;
  std::optional<HealthAction> on_failure;

  bool operator==(const HealthOptions&) const = default;
};

// Of a user's: InvalidArgument names what can't be meant, a test of another form or a time below
// 1 ms.
Result<void> check_health_options(const HealthOptions& options);

// The members Healthcheck and Shell of an image's configuration, times in ns. A test of a form that
// nobody knows counts as none.
HealthOptions image_health_from(JsonReader& read, const nlohmann::json& config);
// Null where nothing is said.
nlohmann::json image_health_json(const HealthOptions& options);

// A container's health check, settled at its creation. Times in µs; the defaults are docker's.
struct HealthCheck {
  std::vector<std::string> command;          // as it is executed; empty: there is none
  std::uint64_t interval_usec = 30'000'000;  // from one's end to the next; kNeverUsec
  std::uint64_t timeout_usec = 30'000'000;
  std::uint64_t start_period_usec = 0;  // until then failures don't count, unless one has passed
  std::uint64_t start_interval_usec = 5'000'000;  // between checks until then
  std::uint32_t retries = 3;                      // failures in a row that make it unhealthy
  HealthAction on_failure = HealthAction::None;

  bool exists() const noexcept { return !command.empty(); }
  bool is_scheduled() const noexcept { return exists() && interval_usec != kNeverUsec; }
  bool restarts() const noexcept { return exists() && on_failure == HealthAction::Restart; }
};

// The user's options over the image's. InvalidArgument where the user wants something of a check
// that there is none of.
Result<HealthCheck> settle_health(const HealthOptions& user, const HealthOptions& image);

// The member "healthCheck" of a container's record and of `ambit inspect`; null where there is
// none.
nlohmann::json to_json(const HealthCheck& check);
HealthCheck health_check_from(JsonReader& read, const nlohmann::json& json);

}  // namespace ambit::spec
