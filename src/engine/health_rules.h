#pragma once

#include <chrono>
#include <cstdint>

#include "spec/health_options.h"
#include "spec/health_record.h"

// What the results of a health check mean; no more than rules, docker's.
namespace ambit::engine {

// After one more check, the newest result first. A failure of a container that has never been
// healthy does not count where the check began within the start period.
spec::HealthRecord after_check(const spec::HealthCheck& check, spec::HealthRecord record,
                               spec::HealthResult result);

// How long after a start, or the end of a check, the next one is due. `now_usec` is since 1970.
std::chrono::microseconds next_check_delay(const spec::HealthCheck& check,
                                           const spec::HealthRecord& record, std::int64_t now_usec);

// Whether a later ambitd has to know what has become of `before`.
bool is_worth_keeping(const spec::HealthRecord& before, const spec::HealthRecord& after);

}  // namespace ambit::engine
