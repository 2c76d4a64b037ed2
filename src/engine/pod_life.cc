#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/pod_entry.h"
#include "os/cgroup.h"
#include "systemd/limit_check.h"
#include "systemd/limit_properties.h"
#include "systemd/scope.h"
#include "systemd/unit_name.h"

// A pod's holder and slice, while they are there: what the kernel and systemd say of them.
namespace ambit::engine {
namespace {

// The holder has nothing to do when it is told to stop.
constexpr std::uint64_t kHolderStopUsec = 5'000'000;
// Longer than any container's own time should be; its scope's timeout ends it before.
constexpr std::chrono::hours kSliceStop{24};
constexpr char kShuttingDown[] = "stopping";  // SystemState of the manager

void note(const std::string& name, const Result<void>& result) {
  if (!result) log(LogLevel::Warning, "pod %s: %s", name.c_str(), result.error().message().c_str());
}

}  // namespace

void Pods::start_holder_scope(const std::string& name, pid_t pid, PodHolder::ScopeDone done) {
  systemd::ScopeOptions scope;
  scope.unit = systemd::pod_scope(name);
  scope.description = "what pod " + name + " shares";
  scope.pid = pid;
  scope.slice = systemd::pod_slice(name);
  scope.stop_timeout_usec = kHolderStopUsec;
  const std::string slice = scope.slice;
  systemd::start_scope(*engine_.manager, std::move(scope),
                       [this, slice, done = std::move(done)](Result<std::string> group) {
                         if (!group) return done(std::move(group));
                         check_slice(slice, *group, done);
                       });
}

// Once a start of the pod: its limits are the kernel's before anything runs below them for long.
void Pods::check_slice(const std::string& slice, const std::string& holder_group,
                       const PodHolder::ScopeDone& done) {
  engine_.manager->get_resources(
      slice, [holder_group, done](const Result<systemd::UnitProperties>& properties) {
        if (!properties) return done(properties.error());
        const auto lines = systemd::expected_lines(*properties);
        if (!lines) return done(lines.error());
        const std::string group = holder_group.substr(0, holder_group.rfind('/'));
        if (auto limited = systemd::check_in_force(group, *lines); !limited)
          return done(std::move(limited).error());
        done(holder_group);
      });
}

void Pods::on_holder_settled(const std::string& name, Result<std::string> control_group) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  Result<void> result;
  if (control_group) {
    watch_holder(entry, *control_group);
    watch_slice(entry, control_group->substr(0, control_group->rfind('/')));
  } else {
    result = std::move(control_group).error().context("starting pod " + name);
    log(LogLevel::Warning, "%s", result.error().message().c_str());
  }
  refresh(name);
  for (const Done& done : std::exchange(entry.on_holder, {})) done(result);
}

void Pods::watch_holder(Entry& entry, const std::string& control_group) {
  const std::string name = entry.pod.record.name;
  auto watch =
      FreezerWatch::create(engine_.loop, control_group, [this, name](const os::CgroupEvents& now) {
        if (now.populated) return;
        const auto found = entries_.find(name);
        if (found == entries_.end()) return;
        found->second->holder_watch.reset();
        store_.remove_runtime_dir(name);
        engine_.release_scope(systemd::pod_scope(name));
        refresh(name);
      });
  // One that has just ended has no cgroup.
  if (!watch || !watch->read().populated) return;
  entry.holder_watch = *std::move(watch);
}

void Pods::watch_slice(Entry& entry, const std::string& control_group) {
  if (entry.slice_watch) return;
  const std::string name = entry.pod.record.name;
  auto watch = FreezerWatch::create(
      engine_.loop, control_group,
      [this, name](const os::CgroupEvents& now) { on_slice_changed(name, now); });
  if (!watch) return;
  entry.is_frozen = watch->read().frozen;
  entry.slice_group = control_group;
  entry.slice_watch = *std::move(watch);
  // The kernel says nothing when a cgroup goes that is empty already.
  auto unit =
      engine_.manager->watch_unit(entry.pod.unit, [this, name](const systemd::UnitChange& change) {
        if (change.active_state && *change.active_state == "inactive") on_slice_stopped(name);
      });
  if (unit) entry.unit_watch = *std::move(unit);
}

void Pods::on_slice_changed(const std::string& name, const os::CgroupEvents& events) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second->is_frozen = events.frozen;
  refresh(name);
}

// A slice goes for no reason but that somebody stops it: then what a restart policy is about to
// start belongs to what was stopped.
void Pods::on_slice_stopped(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second->slice_watch.reset();
  found->second->slice_group.clear();
  found->second->is_frozen = false;
  refresh(name);
  engine_.manager->get_system_state([this, name](const Result<std::string>& state) {
    if (state && *state != kShuttingDown) call_off_restarts(name);
  });
}

void Pods::call_off_restarts(const std::string& name) {
  for (Container* member : members_of(name))
    if (member->restart.due_usec != 0) engine_.note_user_stop(*member);
}

// What is in it has ended already, but for the holder.
void Pods::stop_slice(const std::string& name, Done done) {
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second->holder && !found->second->holder->is_settled()) {
    found->second->on_holder.push_back(
        [this, name, done = std::move(done)](const Result<void>&) { stop_slice(name, done); });
    return;
  }
  engine_.manager->stop_unit(systemd::pod_slice(name), kSliceStop,
                             [this, name, done = std::move(done)](Result<void> stopped) {
                               refresh(name);
                               done(std::move(stopped).context("stopping pod " + name));
                             });
}

// The record is the last to go: until then the next ambitd knows that something is left to do.
void Pods::finish_removal(const std::string& name, const Done& done) {
  engine_.manager->revert_unit(systemd::pod_slice(name), [this, name, done](Result<void> reverted) {
    note(name, reverted);
    auto removed = store_.remove(name).context("removing pod " + name);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return done({});
    if (!removed) {
      found->second->is_removing = false;
      refresh(name);
      return done(std::move(removed));
    }
    const bool was_shown = found->second->pod.record.complete;
    forget(name);
    store_.remove_runtime_dir(name);
    if (was_shown && engine_.observer != nullptr) engine_.observer->pod_removed(name);
    done({});
  });
}

}  // namespace ambit::engine
