#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/monitor_spawn.h"
#include "os/cgroup.h"
#include "os/socket.h"
#include "systemd/unit_name.h"

// Finding out, after a start of ambitd, what became of containers meanwhile. What the kernel and
// the monitors say counts; the records only tell where to look.
namespace ambit::engine {
namespace {

// A client that lost its daemon comes back and asks for the exit code of the container it ran.
constexpr std::chrono::seconds kRemovalGrace{10};
constexpr std::chrono::seconds kSweepTimeout{10};

RunState exited_state(const spec::ExitRecord& record) {
  return {.state = State::Exited,
          .started_usec = record.started_usec,
          .exited_usec = record.exited_usec,
          .exit_code = record.exit_code,
          .exit_reason = record.reason,
          .oom_killed = record.oom_killed};
}

RunState lost_state(const spec::RunRecord& run) {
  return {.state = State::Exited,
          .started_usec = run.started_usec,
          .exit_code = kExitCodeUnknown,
          .exit_reason = "lost"};
}

bool is_frozen_cgroup(const std::string& control_group) {
  auto cgroup = os::open_cgroup(control_group);
  const auto frozen = cgroup ? os::is_frozen(cgroup->get()) : Result<bool>(false);
  return frozen && *frozen;
}

// The record is a hint: the kernel has the process in the container's cgroup, or it is another's.
bool is_running_still(const spec::RunRecord& run) {
  if (run.started_usec == 0 || run.control_group.empty() || run.main_pid <= 0) return false;
  const auto group = os::cgroup_of(run.main_pid);
  return group && (*group + "/").rfind(run.control_group + "/payload/", 0) == 0;
}

}  // namespace

void Engine::Impl::recover(Container& container) {
  const std::string& id = container.record.id;
  if (container.record.options.restart.restarts() || container.record.health.restarts()) {
    RestartActivity& restart = activity_of(id).restart;
    restart.record = records.read_restart(id).value_or(spec::RestartRecord{});
    container.restart.count = restart.record.count;
  }
  container.past_runs = records.read_history(id);
  if (container.record.health.exists()) container.health = records.read_health(id);
  const auto run = records.read_run(id);
  if (const auto exit = records.read_exit(id)) {
    container.run = exited_state(*exit);
    keep_set_properties(container, exit->set_properties);
    container.past_runs = past_runs_with(container, container.run);
  } else if (run && run->boot_id == boot_id) {
    if (adopt(container, *run)) return;
    if (run->control_group.empty() || os::is_populated_at(run->control_group))
      return give_up(container, *run);
    note_lost(container, *run, now_usec());
  } else if (run) {
    // The machine went down under it, nobody knows when.
    note_lost(container, *run, 0);
  }
  records.remove_runtime_dir(id);
  if (container.record.options.auto_remove) remove_later(id);
}

// Nothing is left of it, not even in systemd.
void Engine::Impl::note_lost(Container& container, const spec::RunRecord& run,
                             std::int64_t exited_usec) {
  records.forget_run(container.record.id);
  if (run.started_usec == 0) return;
  container.run = lost_state(run);
  container.run.exited_usec = exited_usec;
  keep_exit(container.record, container.run, run.boot_id);
  container.past_runs = past_runs_with(container, container.run);
}

Result<UniqueFd> Engine::Impl::monitor_socket(const std::string& id) const {
  UniqueFd dir = AMBIT_TRY(records.open_runtime_dir(id));
  return os::connect_packets(dir.get(), spec::kMonitorSocketName);
}

// One whose command is known to run is shown as running at once, and not only when its monitor has
// answered.
Result<void> Engine::Impl::adopt(Container& container, const spec::RunRecord& run) {
  const std::string& id = container.record.id;
  Activity& activity = activity_of(id);
  const bool runs = is_running_still(run);
  if (runs && is_frozen_cgroup(run.control_group)) {
    // Its monitor accepts no connection: each would take one of the few places that wait.
    activity.run = Run::adopt_deaf(loop, run.control_group, events_of(id));
  } else {
    UniqueFd socket = AMBIT_TRY(monitor_socket(id));
    activity.run =
        AMBIT_TRY(Run::adopt(loop, std::move(socket), run.control_group,
                             runs ? Run::Adopted::Running : Run::Adopted::NotKnown, events_of(id)));
  }
  container.run = {.state = runs ? State::Running : State::Starting, .unit = run.unit};
  hold_scope(run.unit);
  adopt_execs(id);
  if (!runs) return {};
  container.run.control_group = run.control_group;
  container.run.main_pid = run.main_pid;
  container.run.started_usec = run.started_usec;
  resume_health(container, run.started_usec);
  container.run.ready = is_ready_when_started(container) || is_ready_by_health(container);
  watch_freezer(container);
  return {};
}

// Its monitor is dead. What may be left in the cgroup dies; then it counts as lost, or as never
// started.
void Engine::Impl::give_up(Container& container, const spec::RunRecord& run) {
  const std::string id = container.record.id;
  container.run.state = State::Starting;
  container.run.unit = run.unit;
  container.run.started_usec = run.started_usec;
  const Run::Buried buried = run.started_usec > 0 ? Run::Buried::HadStarted : Run::Buried::HadNot;
  if (!run.control_group.empty()) return bury(id, run.control_group, buried);
  // The daemon ended between the call that made the scope and its answer.
  manager->get_unit(run.unit, [this, id, buried](Result<systemd::UnitState> unit) {
    bury(id, unit ? unit->control_group : "", buried);
  });
}

void Engine::Impl::bury(const std::string& id, const std::string& control_group,
                        Run::Buried buried) {
  activity_of(id).run = Run::bury(loop, control_group, buried, events_of(id));
}

void Engine::Impl::remove_later(const std::string& id) {
  auto timer = loop.on_timer(kRemovalGrace, [this, id] {
    removal_timers.erase(id);
    const auto found = containers.find(id);
    if (found != containers.end() && found->second->run.state == State::Exited) remove_now(id);
  });
  if (timer) removal_timers.emplace(id, *std::move(timer));
}

// systemd makes an active scope of a process that has just died, too, as a monitor has when ambitd
// was killed during a start; nothing ever tells it that such a scope is empty.
void Engine::Impl::sweep_scopes() {
  manager->list_units(systemd::kScopePattern, [this](Result<std::vector<systemd::UnitRow>> units) {
    if (!units) return log(LogLevel::Debug, "%s", units.error().message().c_str());
    for (const systemd::UnitRow& row : *units)
      manager->get_control_group(row.name, [this, unit = row.name](Result<std::string> group) {
        if (!group || os::is_populated_at(*group) || is_starting_now(unit)) return;
        log(LogLevel::Info, "stopping %s, which is empty", unit.c_str());
        manager->stop_unit(unit, kSweepTimeout, [](const Result<void>&) {});
      });
  });
}

// Its scope is this ambitd's affair (systemd::start_scope), and may not be populated yet.
bool Engine::Impl::is_starting_now(const std::string& unit) const {
  if (pods->is_starting(unit)) return true;
  return std::any_of(containers.begin(), containers.end(), [&](const auto& entry) {
    const Container& container = *entry.second;
    return container.run.state == State::Starting && container.run.unit.empty() &&
           unit_of(container.record.name) == unit;
  });
}

Result<void> Engine::recover() {
  Impl& impl = *impl_;
  impl.find_manager_group();
  AMBIT_TRY(impl.pods->recover());
  auto listing = AMBIT_TRY(impl.records.list());
  for (const std::string& problem : listing.problems) log(LogLevel::Warning, "%s", problem.c_str());
  for (const std::string& problem : impl.images.take_problems())
    log(LogLevel::Warning, "%s", problem.c_str());
  for (const std::string& id : listing.unfinished)
    if (auto discarded = impl.records.discard(id)) impl.trash.push_back(*std::move(discarded));
  for (spec::ContainerRecord& record : listing.records) {
    const std::string id = record.id;
    auto container = std::make_unique<Container>(Container{.record = std::move(record), .run = {}});
    if (!impl.ids_by_name.emplace(container->record.name, id).second) {
      log(LogLevel::Warning, "container %s is left out: its name %s is another's",
          short_id(id).c_str(), container->record.name.c_str());
      continue;
    }
    Container& added = *impl.containers.emplace(id, std::move(container)).first->second;
    impl.recover(added);
  }
  impl.pods->refresh_all();
  impl.resume_policies();
  impl.sweep_scopes();
  impl.sweep_trash();
  return {};
}

}  // namespace ambit::engine
