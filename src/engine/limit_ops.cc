#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/inspect.h"
#include "engine/limits.h"
#include "engine/settle.h"
#include "os/cgroup.h"
#include "systemd/limit_check.h"
#include "systemd/limit_properties.h"

// Limits of containers that are there: changed live, kept for the next start, shown.
namespace ambit::engine {
namespace {

// What the kernel has to say after `changes`. A quota and its period are one file, and a change of
// one leaves the other as systemd has it.
Result<std::vector<spec::LimitLine>> expected_after(const systemd::UnitProperties& current,
                                                    const systemd::UnitProperties& changes) {
  systemd::UnitProperties merged = changes;
  for (const char* name : {"CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec"}) {
    const auto* value = systemd::find_property(current, name);
    const bool is_quota = systemd::find_property(changes, "CPUQuotaPerSecUSec") != nullptr ||
                          systemd::find_property(changes, "CPUQuotaPeriodUSec") != nullptr;
    if (value != nullptr && is_quota && systemd::find_property(changes, name) == nullptr)
      merged.push_back({name, *value});
  }
  return systemd::expected_lines(merged);
}

}  // namespace

// Of the user manager: paths.runtime is a folder in $XDG_RUNTIME_DIR.
std::string Engine::Impl::transient_dir() const {
  const std::string& runtime = options.paths.runtime;
  return runtime.substr(0, runtime.rfind('/')) + "/systemd/transient";
}

// Without it, what can't be limited shows after the scope was made.
void Engine::Impl::find_manager_group() {
  auto group = manager->manager_group_now();
  if (group)
    manager_group = *std::move(group);
  else
    log(LogLevel::Debug, "%s", group.error().message().c_str());
}

Result<void> Engine::Impl::keep_limits(Container& container,
                                       const systemd::UnitProperties& changes) {
  spec::ContainerRecord record = container.record;
  if (!change_limits(record.options.limits, changes)) return {};
  AMBIT_TRY(take_runtime_max(record.options));
  AMBIT_TRY(records.save(record).context("keeping the limits of " + record.name));
  container.record.options.limits = std::move(record.options.limits);
  container.record.options.runtime_max_usec = record.options.runtime_max_usec;
  return {};
}

void Engine::Impl::keep_set_properties(Container& container,
                                       const std::vector<std::string>& lines) {
  if (lines.empty() || container.record.options.auto_remove) return;
  const auto kept = keep_limits(container, resources_of(lines));
  if (!kept) log(LogLevel::Warning, "%s", kept.error().message().c_str());
}

void Engine::Impl::set_live_limits(const std::string& id, systemd::UnitProperties changes,
                                   Done done) {
  const std::string unit = containers.at(id)->run.unit;
  manager->get_resources(unit, [this, id, unit, changes = std::move(changes),
                                done = std::move(done)](Result<systemd::UnitProperties> current) {
    auto expected = current ? expected_after(*current, changes)
                            : Result<std::vector<spec::LimitLine>>(current.error());
    if (expected)
      if (auto there = systemd::check_controllers(manager_group, *expected); !there)
        expected = there.error();
    if (!expected) return done(std::move(expected).error());
    manager->set_properties(
        unit, changes, [this, id, changes, done, lines = *std::move(expected)](Result<void> set) {
          on_limits_set(id, changes, lines, std::move(set), done);
        });
  });
}

void Engine::Impl::on_limits_set(const std::string& id, const systemd::UnitProperties& changes,
                                 const std::vector<spec::LimitLine>& lines, Result<void> set,
                                 const Done& done) {
  const auto found = containers.find(id);
  if (found == containers.end())
    return done(Error(ErrorCode::NoSuchContainer, "the container was removed meanwhile"));
  Container& container = *found->second;
  const std::string& group = container.run.control_group;
  // Ended meanwhile: its next start has them.
  if (set && !group.empty()) set = systemd::check_in_force(group, lines);
  if (set || group.empty()) set = keep_limits(container, changes);
  done(std::move(set));
}

void Engine::set_limits(const std::string& id, systemd::UnitProperties changes, Done done) {
  auto found = impl_->by_id(id);
  if (!found) return done(std::move(found).error());
  Container& container = **found;
  const std::string context = "limits of " + container.record.name;
  const auto finish = [done = std::move(done), context](Result<void> result) {
    done(std::move(result).context(context));
  };
  if (container.run.state == State::Starting || container.run.state == State::Removing)
    return finish(Error(ErrorCode::Busy, std::string("it is ") + to_string(container.run.state)));
  spec::LimitOptions changed = container.record.options.limits;
  (void)change_limits(changed, changes);
  if (auto checked = check_limits(changed); !checked) return finish(std::move(checked));
  if (!is_live(container.run.state)) return finish(impl_->keep_limits(container, changes));
  if (auto live = systemd::check_live(changes); !live) return finish(std::move(live));
  impl_->set_live_limits(id, std::move(changes), finish);
}

std::vector<std::string> Engine::controllers() const {
  if (impl_->manager_group.empty()) return {};
  auto group = os::open_cgroup(impl_->manager_group);
  auto names =
      group ? os::controllers(group->get()) : Result<std::vector<std::string>>(group.error());
  return names ? *std::move(names) : std::vector<std::string>();
}

// Nothing is remembered of limits: while the container runs, systemd says what they are.
void Engine::inspect(const std::string& id, TextDone done) const {
  auto found = impl_->by_id(id);
  if (!found) return done(std::move(found).error());
  const Container& container = **found;
  const auto show = [impl = impl_.get(), id,
                     done = std::move(done)](Result<systemd::UnitProperties> limits) {
    auto still = impl->by_id(id);
    if (!still) return done(std::move(still).error());
    const Container& shown = **still;
    // Ended meanwhile: what the next start asks for.
    if (!limits) limits = systemd::parse_properties(shown.record.options.limits.properties);
    done(inspect_json(shown, limits ? systemd::without_idle(*limits) : systemd::UnitProperties(),
                      impl->records.data_path(id)));
  };
  if (container.run.unit.empty()) return show(Error(ErrorCode::NotRunning, ""));
  impl_->manager->get_resources(container.run.unit, show);
}

}  // namespace ambit::engine
