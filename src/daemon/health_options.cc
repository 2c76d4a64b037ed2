#include "daemon/health_options.h"

namespace ambit::daemon {

void add_health_keys(bus::OptionReader& reader, spec::HealthOptions& options) {
  reader.add("HealthCheck", options.test)
      .add("HealthIntervalUSec", options.interval_usec)
      .add("HealthTimeoutUSec", options.timeout_usec)
      .add("HealthStartPeriodUSec", options.start_period_usec)
      .add("HealthStartIntervalUSec", options.start_interval_usec)
      .add("HealthRetries", options.retries);
  reader.on<std::string>("HealthOnFailure", [&options](const std::string& text) -> Result<void> {
    options.on_failure = AMBIT_TRY(spec::parse_health_action(text).context("HealthOnFailure"));
    return {};
  });
}

}  // namespace ambit::daemon
