#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_impl.h"
#include "engine/health_rules.h"

// Health checks of containers that run: when each is due, and what has become of it. Timers of the
// loop; there is nothing outside of ambitd that could outlive a container.
namespace ambit::engine {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kMaxRunning = 1000;
constexpr std::chrono::milliseconds kBetweenBegins{10};
constexpr std::chrono::milliseconds kUntilRoom{200};

void note(const std::string& name, const Result<void>& result) {
  if (!result)
    log(LogLevel::Error, "health check of %s: %s", name.c_str(), result.error().message().c_str());
}

// What is left of the time until the next check is not known to an ambitd that comes later, and
// what was due at different times is not to be due at once.
microseconds some_of(microseconds delay) {
  static std::minstd_rand random{std::random_device{}()};
  return microseconds(std::uniform_int_distribution<microseconds::rep>(0, delay.count())(random));
}

}  // namespace

HealthActivity* Engine::Impl::health_of(const std::string& id) {
  const auto found = activities.find(id);
  return found == activities.end() ? nullptr : found->second.health.get();
}

void Engine::Impl::begin_health(Container& container) {
  if (!container.record.health.exists()) return;
  auto& health = activity_of(container.record.id).health;
  health = std::make_unique<HealthActivity>();
  update(container, [](Container& c) {
    c.health = {.run_started_usec = c.run.started_usec, .health = spec::Health::Starting};
  });
  save_health(container, *health);
  check_later(container, next_check_delay(container.record.health, container.health, now_usec()));
}

// Of a container that an earlier ambitd has started. `container.health` is as that has left it.
void Engine::Impl::resume_health(Container& container, std::int64_t run_started_usec) {
  const spec::HealthCheck& check = container.record.health;
  if (!check.exists()) return;
  auto& health = activity_of(container.record.id).health;
  health = std::make_unique<HealthActivity>();
  health->kept = container.health;
  if (container.health.run_started_usec != run_started_usec)
    container.health = {.run_started_usec = run_started_usec, .health = spec::Health::Starting};
  check_later(container, some_of(next_check_delay(check, container.health, now_usec())));
}

void Engine::Impl::save_health(const Container& container, HealthActivity& health) {
  note(container.record.name, records.write_health(container.record.id, container.health));
  health.kept = container.health;
}

void Engine::Impl::check_later(const Container& container, microseconds delay) {
  if (!container.record.health.is_scheduled() || container.run.state == State::Paused) return;
  const std::string& id = container.record.id;
  auto timer = loop.on_timer(delay, [this, id] { queue_check(id); });
  if (!timer) return note(container.record.name, timer.error());
  health_of(id)->timer = *std::move(timer);
}

void Engine::Impl::queue_check(const std::string& id) {
  HealthActivity* health = health_of(id);
  if (health == nullptr || std::exchange(health->is_queued, true)) return;
  checks.waiting.push_back(id);
  pump_checks();
}

void Engine::Impl::pump_checks() {
  // What has begun is left to the next ambitd.
  if (checks.pause || handing_over) return;
  microseconds pause = kBetweenBegins;
  while (!checks.waiting.empty()) {
    if (checks.running >= kMaxRunning) {
      pause = kUntilRoom;
      break;
    }
    const std::string id = checks.waiting.front();
    checks.waiting.pop_front();
    HealthActivity* health = health_of(id);
    if (health == nullptr || !std::exchange(health->is_queued, false)) continue;
    Container& container = *containers.at(id);
    if (container.run.state != State::Running || health->running) continue;
    start_check(container);
    break;
  }
  auto timer = loop.on_timer(pause, [this] {
    checks.pause.reset();
    if (!checks.waiting.empty()) pump_checks();
  });
  if (timer) checks.pause = *std::move(timer);
}

void Engine::Impl::settle_check(Container& container, spec::HealthResult result) {
  const spec::HealthCheck& check = container.record.health;
  HealthActivity& health = *health_of(container.record.id);
  const spec::Health before = container.health.health;
  update(container, [&](Container& c) { c.health = after_check(check, c.health, result); });
  if (is_worth_keeping(health.kept, container.health)) save_health(container, health);
  check_later(container, next_check_delay(check, container.health, now_usec()));
  for (const CheckDone& done : std::exchange(health.waiting, {})) done(result);
  if (container.health.health != before) act_on_health(container);
}

// Frozen, a check can't go on, and its time stands still with it.
void Engine::Impl::pause_health(const Container& container) {
  HealthActivity* health = health_of(container.record.id);
  if (health == nullptr) return;
  health->timer.reset();
  health->is_queued = false;
  if (!health->running) return;
  RunningCheck& check = *health->running;
  check.timer.reset();
  check.left = check.deadline - std::chrono::steady_clock::now();
}

// A container that has slept gets its whole interval to wake up.
void Engine::Impl::continue_health(const Container& container) {
  const std::string& id = container.record.id;
  HealthActivity* health = health_of(id);
  if (health == nullptr) return;
  if (!health->running)
    return check_later(container,
                       next_check_delay(container.record.health, container.health, now_usec()));
  const auto left = std::chrono::duration_cast<microseconds>(health->running->left);
  note(container.record.name,
       set_check_time(id, *health->running, std::max(left, microseconds(0))));
}

// The container stops, or has ended: what a check would find now says nothing.
void Engine::Impl::end_health(const Container& container) {
  const auto health = std::move(activity_of(container.record.id).health);
  if (health == nullptr) return;
  if (health->running) kill_check(health->running->exec_id);
  if (health->kept != container.health)
    note(container.record.name, records.write_health(container.record.id, container.health));
  for (const CheckDone& done : health->waiting)
    done(Error(ErrorCode::NotRunning,
               "container " + container.record.name + " ended before its health check did"));
}

// The state of a paused one changes without a call to us, too.
bool Engine::Impl::health_needs_daemon() const {
  return std::any_of(activities.begin(), activities.end(), [this](const auto& entry) {
    return entry.second.health != nullptr &&
           containers.at(entry.first)->record.health.is_scheduled();
  });
}

void Engine::check_health(const std::string& id, CheckDone done) {
  auto found = impl_->by_id(id);
  if (!found) return done(std::move(found).error());
  Container& container = **found;
  const std::string& name = container.record.name;
  if (!container.record.health.exists())
    return done(Error(ErrorCode::InvalidArgument, "container " + name + " has no health check"));
  if (container.run.state == State::Paused) return done(is_paused(container));
  HealthActivity* health = impl_->health_of(id);
  if (container.run.state != State::Running || health == nullptr)
    return done(Error(ErrorCode::NotRunning,
                      "container " + name + " is " + to_string(container.run.state)));
  health->waiting.push_back(std::move(done));
  if (!health->running) impl_->start_check(container);
}

}  // namespace ambit::engine
