#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "spec/container_record.h"
#include "spec/health_record.h"
#include "spec/run_history.h"

namespace ambit::engine {

enum class State { Created, Starting, Running, Paused, Stopping, Exited, Removing };

// "created", "starting", ...: as on D-Bus.
const char* to_string(State state);

// There is a run: Starting, Running, Paused or Stopping.
bool is_live(State state);

// It has begun and nobody ends it: Running or Paused.
bool is_up(State state);

// What changes while a container lives.
struct RunState {
  State state = State::Created;
  std::string unit;               // while a scope exists, else ""
  std::string control_group;      // the same
  pid_t main_pid = 0;             // the container's PID 1 as we see it, while it runs
  std::int64_t started_usec = 0;  // since 1970; of the current or the last run
  std::int64_t exited_usec = 0;
  int exit_code = 0;        // -1: nobody knows
  std::string exit_reason;  // "exited", "signal", "oom", "timeout", "lost"; "" before the first end
  bool oom_killed = false;
  bool ready = false;       // it runs, and whoever depends on it may begin
  std::string status_text;  // what it says of itself, STATUS= of sd_notify(3)
};

constexpr int kExitCodeUnknown = -1;
constexpr int kExitCodeNotStarted = 125;  // of a start that failed, as `ambit run` ends then

// What its restart policy is about to do.
struct RestartState {
  std::uint32_t count = 0;    // restarts since the last start by a user
  std::int64_t due_usec = 0;  // when the next one is, since 1970; 0: none is due
  std::string error;          // why the last one failed; "" where it has not
};

// One container as others may see it; the Engine alone changes it.
struct Container {
  spec::ContainerRecord record;
  RunState run;
  RestartState restart;
  spec::RunHistory past_runs;
  spec::HealthRecord health;  // of the current or the last run
};

}  // namespace ambit::engine
