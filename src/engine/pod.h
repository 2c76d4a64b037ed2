#pragma once

#include <string>
#include <vector>

#include "spec/pod_record.h"

namespace ambit::engine {

enum class PodState {
  Created,   // nothing of it has run since its last container came
  Running,   // all of its containers run; or it has none, and was started
  Degraded,  // some of them run
  Paused,    // its slice is frozen
  Exited,    // none runs, and some have
  Removing,
};

// "created", "running", ...: as on D-Bus.
const char* to_string(PodState state);

// What changes while a pod lives.
struct PodRunState {
  PodState state = PodState::Created;
  std::string control_group;            // of its slice, while something runs in it
  bool has_holder = false;              // what it shares is kept
  std::vector<std::string> containers;  // their IDs, in order
  auto operator<=>(const PodRunState&) const = default;
};

// One pod as others may see it; Pods alone changes it.
struct Pod {
  spec::PodRecord record;
  std::string unit;  // "ambit-NAME.slice"
  PodRunState run;
};

}  // namespace ambit::engine
