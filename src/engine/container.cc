#include "engine/container.h"

namespace ambit::engine {

const char* to_string(State state) {
  switch (state) {
    case State::Created:
      return "created";
    case State::Starting:
      return "starting";
    case State::Running:
      return "running";
    case State::Paused:
      return "paused";
    case State::Stopping:
      return "stopping";
    case State::Exited:
      return "exited";
    case State::Removing:
      return "removing";
  }
  return "unknown";
}

bool is_live(State state) {
  return state == State::Starting || is_up(state) || state == State::Stopping;
}

bool is_up(State state) { return state == State::Running || state == State::Paused; }

}  // namespace ambit::engine
