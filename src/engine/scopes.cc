#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "os/cgroup.h"
#include "systemd/limit_check.h"
#include "systemd/scope.h"
#include "systemd/unit_name.h"

// A container's unit.
namespace ambit::engine {
namespace {

// The monitor escalates when the container's own time is up; systemd only where that fails.
constexpr std::uint64_t kStopSlackUsec = 5'000'000;

std::uint64_t with_slack(std::uint64_t stop_timeout_usec) {
  return stop_timeout_usec > UINT64_MAX - kStopSlackUsec ? UINT64_MAX
                                                         : stop_timeout_usec + kStopSlackUsec;
}

// A scope in a frozen slice is frozen with it, and its start would not end; since version 256
// systemd refuses it, in words of its own. `expected_group` is where the scope should be.
Run::ScopeDone in_thawed_slice(const std::string& expected_group, Run::ScopeDone done) {
  return [expected_group, done = std::move(done)](Result<std::string> group) {
    const std::string frozen = os::frozen_above(group ? *group : expected_group);
    if (frozen.empty()) return done(std::move(group));
    // Its monitor hears no order to give up.
    const auto cgroup = group ? os::open_cgroup(*group) : std::move(group).error();
    if (cgroup) (void)os::kill_cgroup((*cgroup).get());
    const std::string slice = frozen.substr(frozen.rfind('/') + 1);
    done(Error(ErrorCode::Busy, slice + " is frozen: systemctl --user thaw " + slice));
  };
}

}  // namespace

std::string Engine::Impl::unit_of(const std::string& name) { return systemd::scope_unit(name); }

// "web (busybox)", "web (busybox), unhealthy".
std::string Engine::Impl::unit_description(const Container& container) {
  const spec::ContainerRecord& record = container.record;
  std::string text = strf("%s (%s)", record.name.c_str(), record.image.c_str());
  if (container.health.health == spec::Health::None) return text;
  return text + ", " + to_string(container.health.health);
}

void Engine::Impl::start_scope(const std::string& id, pid_t pid, const LimitPlan& limits,
                               Run::ScopeDone done) {
  const spec::ContainerRecord& record = containers.at(id)->record;
  systemd::ScopeOptions scope;
  scope.unit = unit_of(record.name);
  scope.description = strf("%s (%s)", record.name.c_str(), record.image.c_str());
  scope.pid = pid;
  // At the end of the user's manager, which stops all units at once, the service goes first.
  if (const std::string& service = activity_of(id).service_unit; !service.empty())
    scope.extra.set("Before", std::vector<std::string>{service});
  scope.stop_timeout_usec = with_slack(record.stop_timeout_usec);
  if (record.options.runtime_max_usec > 0) scope.runtime_max_usec = record.options.runtime_max_usec;
  if (!record.options.pod.empty()) scope.slice = systemd::pod_slice(record.options.pod);
  if (!limits.properties.empty()) add_limits(limits, scope);
  done = in_thawed_slice(manager_group + "/" + systemd::slice_path(scope.slice) + "/" + scope.unit,
                         std::move(done));
  if (limits.properties.empty())
    return systemd::start_scope(*manager, std::move(scope), std::move(done));
  // Before the container's command runs: it never does without its limits.
  systemd::start_scope(
      *manager, std::move(scope),
      [expected = limits.expected, done = std::move(done)](Result<std::string> group) {
        if (!group) return done(std::move(group));
        if (auto limited = systemd::check_in_force(*group, expected); !limited)
          return done(std::move(limited).error());
        done(std::move(group));
      });
}

void Engine::Impl::hold_scope(const std::string& unit) {
  manager->ref_unit(unit, [unit](const Result<void>& result) {
    if (!result)
      log(LogLevel::Debug, "holding %s: %s", unit.c_str(), result.error().message().c_str());
  });
}

void Engine::Impl::release_scope(const std::string& unit) {
  if (unit.empty()) return;
  manager->unref_unit(unit, [unit](const Result<void>& result) {
    if (!result)
      log(LogLevel::Debug, "releasing %s: %s", unit.c_str(), result.error().message().c_str());
  });
}

}  // namespace ambit::engine
