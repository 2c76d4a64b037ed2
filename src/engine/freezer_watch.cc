#include "engine/freezer_watch.h"

#include <sys/epoll.h>

#include <utility>

namespace ambit::engine {

struct FreezerWatch::State {
  UniqueFd events;
  Changed changed;
  bus::EventSource source;

  os::CgroupEvents read() const {
    const auto now = os::read_cgroup_events(events.get());
    return now ? *now : os::CgroupEvents{.gone = true};
  }
};

Result<FreezerWatch> FreezerWatch::create(bus::EventLoop& loop, const std::string& control_group,
                                          Changed changed) {
  auto state = std::make_shared<State>();
  state->events = AMBIT_TRY(os::open_cgroup_events(control_group));
  state->changed = std::move(changed);
  // Only what happens after a read is told of.
  (void)state->read();
  const std::weak_ptr<State> weak = state;
  state->source = AMBIT_TRY(loop.on_io(state->events.get(), EPOLLPRI, [weak](std::uint32_t) {
    const auto alive = weak.lock();
    if (!alive) return;
    const os::CgroupEvents now = alive->read();
    if (now.gone) alive->source.reset();
    alive->changed(now);
  }));
  return FreezerWatch(std::move(state));
}

os::CgroupEvents FreezerWatch::read() const { return state_->read(); }

}  // namespace ambit::engine
