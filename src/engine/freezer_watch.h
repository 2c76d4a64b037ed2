#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "bus/event_loop.h"
#include "os/cgroup.h"

namespace ambit::engine {

// Tells of every change of a cgroup's cgroup.events: whether it is frozen, by whomever (systemctl,
// a slice above it, ambit, a write to cgroup.freeze), and whether anything lives in it. This is the
// kernel's word, for one descriptor; what the unit's FreezerState says differs between versions of
// systemd when a slice is frozen.
class FreezerWatch {
 public:
  using Changed = std::function<void(const os::CgroupEvents&)>;

  // `changed` comes from the loop, never from here. It may destroy the watch.
  static Result<FreezerWatch> create(bus::EventLoop& loop, const std::string& control_group,
                                     Changed changed);

  // As of now. Neither populated nor frozen where the cgroup is gone.
  os::CgroupEvents read() const;

 private:
  struct State;
  explicit FreezerWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace ambit::engine
