#include <csignal>
#include <utility>

#include "base/log.h"
#include "engine/engine_impl.h"
#include "os/cgroup.h"

// Pausing. A container is paused when its cgroup is frozen, whoever did it; the unit is the one to
// freeze and thaw. Its monitor is frozen with it and hears no order until it is thawed.
namespace ambit::engine {
namespace {

std::string name_of(const std::string& control_group) {
  return control_group.substr(control_group.rfind('/') + 1);
}

Error frozen_with(const Container& container, const std::string& above) {
  const std::string unit = name_of(above);
  return Error(ErrorCode::Busy, "container " + container.record.name + " is frozen with " + unit +
                                    ": systemctl --user thaw " + unit);
}

}  // namespace

Error is_paused(const Container& container) {
  const std::string& name = container.record.name;
  return Error(ErrorCode::NotRunning,
               "container " + name + " is paused; 'ambit unpause " + name + "' lets it go on");
}

void Engine::Impl::watch_freezer(const Container& container) {
  const std::string& id = container.record.id;
  auto watch = FreezerWatch::create(
      loop, container.run.control_group,
      [this, id](const os::CgroupEvents& events) { on_cgroup_events(id, events); });
  // A container that has just ended has no cgroup to be frozen.
  if (!watch) return log(LogLevel::Debug, "%s", watch.error().message().c_str());
  activity_of(id).freezer = *std::move(watch);
  read_freezer(id);
}

void Engine::Impl::read_freezer(const std::string& id) {
  const Activity& activity = activity_of(id);
  if (activity.freezer) on_cgroup_events(id, activity.freezer->read());
}

void Engine::Impl::on_cgroup_events(const std::string& id, const os::CgroupEvents& events) {
  Container& container = *containers.at(id);
  const State state = container.run.state;
  if (events.frozen && state == State::Running) {
    update(container, [](Container& c) { c.run.state = State::Paused; });
    pause_health(container);
  }
  if (!events.frozen && state == State::Paused) {
    update(container, [](Container& c) { c.run.state = State::Running; });
    continue_health(container);
  }
  // Adopted while it was frozen: its monitor hears now, or is dead, as is what it watched.
  Run* run = activity_of(id).run.get();
  if (run != nullptr && run->is_deaf() && (!events.frozen || !events.populated))
    run->connect(monitor_socket(id));
}

bool Engine::Impl::is_frozen(const std::string& id) {
  const Activity& activity = activity_of(id);
  return activity.freezer && activity.freezer->read().frozen;
}

void Engine::Impl::pause(Container& container, Done done) {
  const std::string& name = container.record.name;
  if (container.run.state == State::Paused) return done({});
  if (container.run.state != State::Running)
    return done(Error(ErrorCode::NotRunning,
                      "container " + name + " is " + to_string(container.run.state)));
  manager->freeze_unit(container.run.unit,
                       [this, id = container.record.id, unit = container.run.unit, name,
                        done = std::move(done)](Result<void> result) {
                         // Half a container frozen is of use to nobody.
                         if (!result) thaw(unit);
                         if (containers.count(id) > 0) read_freezer(id);
                         done(std::move(result).context("pausing " + name));
                       });
}

void Engine::Impl::resume(Container& container, Done done) {
  const std::string& name = container.record.name;
  if (container.run.state == State::Running) return done({});
  if (container.run.state != State::Paused)
    return done(Error(ErrorCode::NotRunning,
                      "container " + name + " is " + to_string(container.run.state)));
  // systemd would wait for ever for it to be thawed.
  if (auto thawable = check_thawable(container); !thawable) return done(std::move(thawable));
  manager->thaw_unit(container.run.unit, [this, id = container.record.id, name,
                                          done = std::move(done)](Result<void> result) {
    if (containers.count(id) > 0) read_freezer(id);
    done(std::move(result).context("unpausing " + name));
  });
}

Result<void> Engine::Impl::check_thawable(const Container& container) {
  if (!is_frozen(container.record.id)) return {};
  const std::string above = os::frozen_above(container.run.control_group);
  if (!above.empty()) return frozen_with(container, above);
  return {};
}

void Engine::Impl::thaw(const std::string& unit) {
  manager->thaw_unit(unit, [unit](const Result<void>& result) {
    if (!result)
      log(LogLevel::Warning, "thawing %s: %s", unit.c_str(), result.error().message().c_str());
  });
}

Result<void> Engine::Impl::thaw_to_stop(const Container& container) {
  if (!is_frozen(container.record.id)) return {};
  AMBIT_TRY(check_thawable(container));
  thaw(container.run.unit);
  return {};
}

// The kernel kills frozen processes as well, so that nothing of a paused container runs once more.
// The monitor has to be thawed to tell of it; where a slice keeps it frozen it is killed, too, and
// we know how it ended.
Result<void> Engine::Impl::kill_everything(const Container& container) {
  Activity& activity = activity_of(container.record.id);
  if (!is_frozen(container.record.id)) return activity.run->kill(SIGKILL);
  if (!check_thawable(container)) {
    activity.run->kill_with_monitor();
    return {};
  }
  UniqueFd payload = AMBIT_TRY(os::open_cgroup(container.run.control_group + "/payload"));
  AMBIT_TRY(os::kill_cgroup(payload.get()));
  // Whatever the kernel says now: while processes die the cgroup does not count as frozen.
  thaw(container.run.unit);
  return {};
}

}  // namespace ambit::engine
