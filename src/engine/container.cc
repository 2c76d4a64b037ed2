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
  return state == State::Starting || state == State::Running || state == State::Stopping;
}

}  // namespace ambit::engine
