#pragma once

#include "bus/options.h"
#include "spec/health_options.h"

namespace ambit::daemon {

// The keys of CreateContainer that are about the health check: HealthCheck, HealthIntervalUSec,
// HealthTimeoutUSec, HealthStartPeriodUSec, HealthStartIntervalUSec, HealthRetries,
// HealthOnFailure.
void add_health_keys(bus::OptionReader& reader, spec::HealthOptions& options);

}  // namespace ambit::daemon
