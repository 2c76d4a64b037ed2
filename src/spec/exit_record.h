#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

// How a container's run ended: containers/ID/exit.json, written by the monitor before anybody is
// told, and read by whichever ambitd comes next.
struct ExitRecord {
  std::string boot_id;
  std::int64_t started_usec = 0;  // since 1970
  std::int64_t exited_usec = 0;
  int exit_code = 0;   // as people see it: 128+n for signal n
  std::string reason;  // "exited", "signal", "oom", "timeout"; ambitd writes "lost"
  bool oom_killed = false;
  bool stop_requested = false;  // by us, by systemd: whoever told the monitor
  // Of its unit, set with systemctl while it ran: "MemoryMax=1024". The next start has them.
  std::vector<std::string> set_properties;
};

constexpr char kExitRecordName[] = "exit.json";

// Text without a JSON library: every value is a number, a bool, one of our own words, or an
// assignment of plain ASCII (others are left out).
std::string write_exit_record(const ExitRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<ExitRecord> parse_exit_record(std::string_view json);

}  // namespace ambit::spec
