#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/pods.h"

namespace ambit::engine {

// What goes on with one pod beside what others may see of it.
struct Pods::Entry {
  Pod pod;
  std::unique_ptr<PodHolder> holder;         // that this ambitd has started
  std::optional<FreezerWatch> holder_watch;  // of its scope, while it lives
  std::optional<FreezerWatch> slice_watch;   // while the slice has a cgroup
  bus::Slot unit_watch;                      // of the slice, from then on
  std::string slice_group;                   // the same
  std::vector<Done> on_holder;               // wait for the holder's start
  bool is_frozen = false;
  bool is_removing = false;
};

}  // namespace ambit::engine
