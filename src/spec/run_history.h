#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

// How one run of a container ended; times in µs since 1970.
struct PastRun {
  std::int64_t started_usec = 0;
  std::int64_t exited_usec = 0;  // 0: nobody knows
  int exit_code = 0;             // as people see it: 128+n for signal n; -1: nobody knows
  std::string reason;            // "exited", "signal", "oom", "timeout", "lost"
  bool oom_killed = false;

  bool operator==(const PastRun&) const = default;
};

// The last runs of a container, the newest first: containers/ID/history.json. Each is added when
// its end is settled, be it by an ambitd that was there or by a later one.
using RunHistory = std::vector<PastRun>;

constexpr char kRunHistoryName[] = "history.json";
constexpr std::size_t kMaxPastRuns = 5;

// False where it is the newest one already.
bool add_run(RunHistory& history, PastRun run);

std::string write_run_history(const RunHistory& history);
// Corrupt names the member that is missing or of a wrong type.
Result<RunHistory> parse_run_history(std::string_view json);

}  // namespace ambit::spec
