#include <utility>

#include "base/strings.h"
#include "bus/utf8.h"
#include "engine/engine_impl.h"
#include "spec/notify_message.h"

// When a container is ready, and what it says of itself.
namespace ambit::engine {

bool Engine::Impl::is_ready_when_started(const Container& container) {
  const spec::NotifyMode mode = container.record.options.notify;
  return mode != spec::NotifyMode::Container && mode != spec::NotifyMode::Healthy;
}

// From its first passed check on; what is healthy once is not started anew by being unhealthy.
bool Engine::Impl::is_ready_by_health(const Container& container) {
  return container.record.options.notify == spec::NotifyMode::Healthy &&
         container.health.was_healthy;
}

void Engine::Impl::note_health(Container& container) {
  if (container.run.ready || !is_ready_by_health(container)) return;
  update(container, [](Container& c) { c.run.ready = true; });
  if (const Done done = std::exchange(activity_of(container.record.id).on_ready, nullptr)) done({});
}

// The start is answered now, or when the container is ready.
void Engine::Impl::answer_start(const Container& container) {
  Activity& activity = activity_of(container.record.id);
  Done done = std::exchange(activity.on_started, nullptr);
  if (!done) return;
  if (container.run.ready || !activity.until_ready) return done({});
  activity.on_ready = std::move(done);
}

void Engine::Impl::on_notified(const std::string& id, const std::string& text) {
  Container& container = *containers.at(id);
  const std::string readable = bus::valid_utf8(text);
  const spec::NotifyMessage message = spec::parse_notify_message(readable);
  update(container, [&message](Container& c) {
    if (message.ready) c.run.ready = true;
    if (message.status) c.run.status_text = *message.status;
  });
  if (observer != nullptr) observer->container_notified(container, readable);
  if (!message.ready) return;
  if (const Done done = std::exchange(activity_of(id).on_ready, nullptr)) done({});
}

void Engine::Impl::note_not_ready(const Container& container) {
  const Done done = std::exchange(activity_of(container.record.id).on_ready, nullptr);
  if (!done) return;
  const RunState& run = container.run;
  const std::string code =
      run.exit_code == kExitCodeUnknown ? run.exit_reason : strf("%d", run.exit_code);
  done(Error(ErrorCode::NotRunning,
             "container " + container.record.name + " ended before it was ready (" + code + ")"));
}

}  // namespace ambit::engine
