#include <utility>

#include "base/log.h"
#include "engine/engine_impl.h"

// What follows where a health check has found something new.
namespace ambit::engine {
namespace {

void note(const std::string& name, const Result<void>& result) {
  if (!result)
    log(LogLevel::Error, "%s is unhealthy: %s", name.c_str(), result.error().message().c_str());
}

}  // namespace

void Engine::Impl::act_on_health(Container& container) {
  show_in_unit(container);
  note_health(container);
  if (container.health.health == spec::Health::Unhealthy) act_on_failure(container);
}

void Engine::Impl::act_on_failure(Container& container) {
  const std::string& name = container.record.name;
  switch (container.record.health.on_failure) {
    case spec::HealthAction::None:
      return;
    case spec::HealthAction::Kill:
      // A failure of the container, which its restart policy follows like any other.
      return note(name, kill_everything(container));
    case spec::HealthAction::Restart:
      return restart_unhealthy(container);
    case spec::HealthAction::Stop:
      // For its restart policy as if a user had said so.
      note_user_stop(container);
      return stop(container, UINT64_MAX,
                  [name](const Result<void>& stopped) { note(name, stopped); });
  }
}

// For `systemctl --user status`. A unit that ends meanwhile needs no description.
void Engine::Impl::show_in_unit(const Container& container) {
  manager->set_properties(container.run.unit, {{"Description", unit_description(container)}},
                          [name = container.record.name](const Result<void>& set) {
                            if (!set)
                              log(LogLevel::Debug, "describing %s: %s", name.c_str(),
                                  set.error().message().c_str());
                          });
}

}  // namespace ambit::engine
