#pragma once

#include <deque>
#include <set>
#include <string>

#include "bus/event_loop.h"
#include "spec/restart_record.h"

namespace ambit::engine {

// Who wanted the run under way to stop.
enum class StopBy {
  Nobody,
  Order,     // a call to us
  Asking,    // systemd, and whether on a user's behalf is being found out
  User,      // a user, through systemd
  Shutdown,  // systemd, because the user's manager ends
};

// What a restart policy has to remember of one container.
struct RestartActivity {
  spec::RestartRecord record;
  StopBy stop = StopBy::Nobody;
  bool ended_while_asking = false;
  bool is_queued = false;  // it is its turn, or nearly so
  bus::EventSource timer;  // until it is
};

// Restarts whose time has come: so many at once that a storm of them leaves the loop, the user's
// manager and everybody else room.
struct RestartQueue {
  std::deque<std::string> waiting;  // container IDs
  std::set<std::string> under_way;
  bool is_pumping = false;
};

}  // namespace ambit::engine
