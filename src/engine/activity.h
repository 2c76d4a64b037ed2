#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/freezer_watch.h"
#include "engine/health_activity.h"
#include "engine/restart_activity.h"
#include "engine/run.h"

namespace ambit::engine {

// What goes on with one container beside what others may see of it.
struct Activity {
  std::unique_ptr<Run> run;
  std::optional<FreezerWatch> freezer;  // while it has a cgroup
  Done on_started;                      // of the start under way
  Done on_ready;                        // the same, once the command runs and is not ready yet
  bool until_ready = false;             // it is to wait for that
  std::string service_unit;             // that started it, of the user's manager
  std::vector<Done> on_stopped;         // stops and restarts under way
  std::vector<WaitDone> on_exited;      // waits
  std::vector<Done> on_removed;         // removals that wait for the end of the run
  bool remove_when_ended = false;
  RestartActivity restart;
  std::unique_ptr<HealthActivity> health;  // of one with a health check, while it is up
};

// For what a paused container can't do: NotRunning, with the way out.
Error is_paused(const Container& container);

}  // namespace ambit::engine
