#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::spec {

// What has become of a restart policy: containers/ID/restart.json, from the first start on of a
// container that has one, or that is restarted when it is unhealthy. That the file is there means
// that somebody wanted the container to run.
struct RestartRecord {
  bool stopped = false;          // a user has stopped it since
  bool unhealthy = false;        // stopped for its health, and to be started again
  std::uint32_t count = 0;       // restarts since the last start by a user
  std::uint64_t delay_usec = 0;  // before the last of them
};

constexpr char kRestartRecordName[] = "restart.json";

std::string write_restart_record(const RestartRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<RestartRecord> parse_restart_record(std::string_view json);

}  // namespace ambit::spec
