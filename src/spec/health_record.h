#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

// What a container's health check has found. None: there is no check, or it has not run yet.
enum class Health { None, Starting, Healthy, Unhealthy };

// "", "starting", "healthy", "unhealthy".
const char* to_string(Health health);

// One check. Times in µs since 1970.
struct HealthResult {
  std::int64_t started_usec = 0;
  std::int64_t ended_usec = 0;
  int exit_code = 0;   // 0: it passed; -1: it did not end in its time, or could not be begun
  std::string output;  // the beginning of what it wrote, or why it could not run

  bool operator==(const HealthResult&) const = default;
};

// How a container does in its current or last run: containers/ID/health.json. Not synced, and not
// written where nothing but the results of passed checks is new.
struct HealthRecord {
  std::int64_t run_started_usec = 0;  // the run that it is of, as RunRecord has it
  Health health = Health::None;
  std::uint32_t failures = 0;         // in a row, of those that count
  bool was_healthy = false;           // in this run
  std::vector<HealthResult> results;  // the last ones, the newest first

  bool operator==(const HealthRecord&) const = default;
};

constexpr char kHealthRecordName[] = "health.json";
constexpr std::size_t kMaxHealthResults = 5;
constexpr std::size_t kMaxHealthOutputBytes = 500;

std::string write_health_record(const HealthRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<HealthRecord> parse_health_record(std::string_view json);

}  // namespace ambit::spec
