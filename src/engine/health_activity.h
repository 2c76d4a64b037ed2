#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "engine/check_output.h"
#include "spec/health_record.h"

namespace ambit::engine {

using CheckDone = std::function<void(Result<spec::HealthResult>)>;

// How the command of a check ended.
struct CheckEnd {
  int exit_code = 0;
  std::string why_not;  // it could not be executed
  bool is_by_itself = false;
};

// One check that runs.
struct RunningCheck {
  std::string exec_id;
  std::int64_t started_usec = 0;  // since 1970
  std::unique_ptr<CheckOutput> output;
  bus::EventSource timer;                          // until its time is up
  std::chrono::steady_clock::time_point deadline;  // of the timer
  std::chrono::steady_clock::duration left{};      // instead, while the container is paused
};

// What goes on with a container's health check while the container runs.
struct HealthActivity {
  bus::EventSource timer;  // until the next check is due
  bool is_queued = false;  // it is due
  std::optional<RunningCheck> running;
  std::string dying;               // the exec of one whose time was up, until it has ended
  std::vector<CheckDone> waiting;  // for the result of the running one
  spec::HealthRecord kept;         // as it is on disk
};

// Checks that are due. One begins each few milliseconds, however many there are, so that a thousand
// at once leave the loop and the machine room; how long each takes is of no concern to the others.
struct CheckQueue {
  std::deque<std::string> waiting;  // container IDs
  std::size_t running = 0;
  bus::EventSource pause;  // until the next may begin
};

}  // namespace ambit::engine
