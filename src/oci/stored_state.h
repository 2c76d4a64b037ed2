#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/cgroup.h"

namespace ambit::oci {

// What is kept of a container between two commands. What it does now is asked of the kernel: see
// status.h.
struct StoredState {
  std::string id;
  std::string bundle;   // absolute
  std::string created;  // RFC 3339
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // of the process, so that a reused number is told from it
  std::uint32_t owner = 0;        // user id of who created it
  Cgroup cgroup;
};

std::string write_stored_state(const StoredState& state);

// Corrupt names the member that is wrong.
Result<StoredState> parse_stored_state(std::string_view json);

}  // namespace ambit::oci
