#include "engine/health_rules.h"

#include <utility>

namespace ambit::engine {
namespace {

using spec::Health;

bool is_start_period(const spec::HealthCheck& check, const spec::HealthRecord& record,
                     std::int64_t usec) {
  return record.health == Health::Starting && usec >= record.run_started_usec &&
         static_cast<std::uint64_t>(usec - record.run_started_usec) < check.start_period_usec;
}

}  // namespace

spec::HealthRecord after_check(const spec::HealthCheck& check, spec::HealthRecord record,
                               spec::HealthResult result) {
  if (result.exit_code == 0) {
    record.health = Health::Healthy;
    record.was_healthy = true;
    record.failures = 0;
  } else if (!is_start_period(check, record, result.started_usec)) {
    if (record.failures < UINT32_MAX) ++record.failures;
    if (record.failures >= check.retries) record.health = Health::Unhealthy;
  }
  record.results.insert(record.results.begin(), std::move(result));
  if (record.results.size() > spec::kMaxHealthResults)
    record.results.resize(spec::kMaxHealthResults);
  return record;
}

std::chrono::microseconds next_check_delay(const spec::HealthCheck& check,
                                           const spec::HealthRecord& record,
                                           std::int64_t now_usec) {
  const bool is_starting = is_start_period(check, record, now_usec);
  return std::chrono::microseconds(is_starting ? check.start_interval_usec : check.interval_usec);
}

bool is_worth_keeping(const spec::HealthRecord& before, const spec::HealthRecord& after) {
  return before.run_started_usec != after.run_started_usec || before.health != after.health ||
         before.failures != after.failures || before.was_healthy != after.was_healthy;
}

}  // namespace ambit::engine
