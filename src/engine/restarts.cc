#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/restart_decision.h"
#include "engine/settle.h"

// Restart policies at work: who is started again, and when. What a user wants is on disk before it
// is done, so that the next ambitd knows it too.
namespace ambit::engine {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kMaxAtOnce = 8;
constexpr char kShuttingDown[] = "stopping";  // SystemState of the manager

void note(const std::string& name, const Result<void>& result) {
  if (!result) log(LogLevel::Error, "%s: %s", name.c_str(), result.error().message().c_str());
}

microseconds ran_for(const RunState& run) {
  return microseconds(std::max<std::int64_t>(0, run.exited_usec - run.started_usec));
}

// Somebody besides a user may start it again.
bool is_restarted(const spec::ContainerRecord& record) {
  return record.options.restart.restarts() || record.health.restarts();
}

// A container that systemd stopped for its time was not stopped by a user.
bool is_timeout(const std::string& reason) { return reason == "timeout"; }

}  // namespace

void Engine::Impl::save_restart(const Container& container) {
  note(container.record.name,
       records.save_restart(container.record, activity_of(container.record.id).restart.record));
}

void Engine::Impl::show_restart(Container& container, const RestartState& state) {
  update(container, [&](Container& c) { c.restart = state; });
}

void Engine::Impl::call_off_restart(Container& container) {
  const std::string& id = container.record.id;
  RestartActivity& restart = activity_of(id).restart;
  restart.timer.reset();
  if (std::exchange(restart.is_queued, false)) std::erase(restarts.waiting, id);
  if (container.restart.due_usec == 0) return;
  RestartState state = container.restart;
  state.due_usec = 0;
  show_restart(container, state);
}

void Engine::Impl::note_user_start(Container& container) {
  if (!is_restarted(container.record)) return;
  call_off_restart(container);
  RestartActivity& restart = activity_of(container.record.id).restart;
  restart.record = {};
  show_restart(container, {});
  save_restart(container);
}

void Engine::Impl::note_user_stop(Container& container) {
  if (!is_restarted(container.record)) return;
  RestartActivity& restart = activity_of(container.record.id).restart;
  restart.stop = StopBy::Order;
  restart.record.unhealthy = false;
  call_off_restart(container);
  if (std::exchange(restart.record.stopped, true)) return;
  save_restart(container);
}

// The user has been told, and will try again; the policy follows ends, not attempts of his.
void Engine::Impl::note_failed_start(Container& container) {
  if (!is_restarted(container.record) || is_live(container.run.state)) return;
  RestartActivity& restart = activity_of(container.record.id).restart;
  if (restart.timer || restart.is_queued) return;  // it ran, and was not ready
  restart.record.stopped = true;
  save_restart(container);
}

Result<void> Engine::Impl::set_restart_policy(Container& container,
                                              const spec::RestartPolicy& policy) {
  spec::ContainerRecord record = container.record;
  record.options.restart = policy;
  AMBIT_TRY(check_options(record.options));
  AMBIT_TRY(records.save(record).context("changing " + record.name));
  const bool had_policy = container.record.options.restart.restarts();
  update(container, [&policy](Container& c) { c.record.options.restart = policy; });
  if (!policy.restarts()) {
    call_off_restart(container);
  } else if (!had_policy && container.run.state != State::Created) {
    // It has been started, and if it does not run, it is not wanted to.
    activity_of(record.id).restart.record = {.stopped = !is_live(container.run.state)};
    save_restart(container);
  }
  return {};
}

void Engine::Impl::on_stopping(const std::string& id) {
  Container& container = *containers.at(id);
  update(container, [](Container& c) { c.run.state = State::Stopping; });
  end_health(container);
  RestartActivity& restart = activity_of(id).restart;
  if (!is_restarted(container.record) || restart.record.stopped || restart.stop != StopBy::Nobody)
    return;
  restart.stop = StopBy::Asking;
  manager->get_system_state([this, id](const Result<std::string>& state) {
    const auto found = containers.find(id);
    if (found != containers.end()) on_stop_explained(*found->second, state);
  });
}

// systemctl --user stop of the scope, its slice or its pod; or the end of the manager, after which
// the container is to be started again.
void Engine::Impl::on_stop_explained(Container& container, const Result<std::string>& state) {
  RestartActivity& restart = activity_of(container.record.id).restart;
  if (restart.stop != StopBy::Asking) return;
  restart.stop = state && *state != kShuttingDown ? StopBy::User : StopBy::Shutdown;
  if (restart.stop == StopBy::User) {
    restart.record.stopped = true;
    save_restart(container);
  }
  if (std::exchange(restart.ended_while_asking, false)) follow_policy(container);
}

void Engine::Impl::follow_policy(Container& container) {
  const spec::RestartPolicy& policy = container.record.options.restart;
  if (!is_restarted(container.record) || container.run.state != State::Exited) return;
  RestartActivity& restart = activity_of(container.record.id).restart;
  if (restart.stop == StopBy::Asking) {
    restart.ended_while_asking = true;
    return;
  }
  const StopBy stop = std::exchange(restart.stop, StopBy::Nobody);
  if (stop == StopBy::User && is_timeout(container.run.exit_reason)) {
    restart.record.stopped = false;
    save_restart(container);
  }
  if (stop == StopBy::Shutdown || restart.record.stopped) return;
  if (!restart.record.unhealthy &&
      !restarts_after(policy, container.run.exit_code, restart.record.count))
    return;
  restart_later(container,
                next_restart_delay(microseconds(restart.record.delay_usec), ran_for(container.run)),
                microseconds(0));
}

void Engine::Impl::restart_later(Container& container, microseconds delay, microseconds gone) {
  const std::string& id = container.record.id;
  RestartActivity& restart = activity_of(id).restart;
  restart.record.delay_usec = static_cast<std::uint64_t>(delay.count());
  save_restart(container);
  const microseconds left = std::max(delay - gone, microseconds(0));
  auto timer = loop.on_timer(left, [this, id] {
    const auto found = containers.find(id);
    if (found != containers.end()) queue_restart(*found->second);
  });
  if (!timer) return note(container.record.name, timer.error());
  restart.timer = *std::move(timer);
  RestartState state = container.restart;
  state.due_usec = now_usec() + left.count();
  show_restart(container, state);
}

void Engine::Impl::queue_restart(Container& container) {
  RestartActivity& restart = activity_of(container.record.id).restart;
  if (std::exchange(restart.is_queued, true)) return;
  restart.timer.reset();
  restarts.waiting.push_back(container.record.id);
  pump_restarts();
}

// Not entered again where a start fails at once.
void Engine::Impl::pump_restarts() {
  if (std::exchange(restarts.is_pumping, true)) return;
  while (!restarts.waiting.empty() && restarts.under_way.size() < kMaxAtOnce) {
    const std::string id = restarts.waiting.front();
    restarts.waiting.pop_front();
    const auto found = containers.find(id);
    if (found == containers.end()) continue;
    activity_of(id).restart.is_queued = false;
    if (!is_live(found->second->run.state)) start_again(*found->second);
  }
  restarts.is_pumping = false;
}

void Engine::Impl::start_again(Container& container) {
  const std::string id = container.record.id;
  RestartActivity& restart = activity_of(id).restart;
  const bool is_first = container.restart.due_usec == 0;  // with the user's manager
  if (!is_first) ++restart.record.count;
  restart.record.unhealthy = false;
  show_restart(container, {.count = restart.record.count, .error = container.restart.error});
  save_restart(container);
  log(LogLevel::Info, is_first ? "starting %s" : "starting %s again",
      container.record.name.c_str());
  restarts.under_way.insert(id);
  begin(container, {}, [this, id](const Result<void>& result) {
    restarts.under_way.erase(id);
    const auto found = containers.find(id);
    if (found != containers.end()) on_started_again(*found->second, result);
    pump_restarts();
  });
}

// A start that fails is a failure of the container, and followed like one: what it lacks (a disk
// that is not mounted yet) may come.
void Engine::Impl::on_started_again(Container& container, const Result<void>& result) {
  const Activity& activity = activity_of(container.record.id);
  // Given up by an order that came meanwhile.
  if (!result && (activity.restart.record.stopped || activity.remove_when_ended)) return;
  note(container.record.name, result);
  RestartState state = container.restart;
  state.error = result ? "" : result.error().message();
  show_restart(container, state);
  if (result) return;
  if (is_live(container.run.state)) return;
  if (!restarts_after(container.record.options.restart, kExitCodeNotStarted,
                      activity.restart.record.count))
    return;
  restart_later(
      container,
      next_restart_delay(microseconds(activity.restart.record.delay_usec), microseconds(0)),
      microseconds(0));
}

// By its health check, with or without a policy. What is wanted is on disk before it stops.
void Engine::Impl::restart_unhealthy(Container& container) {
  RestartActivity& restart = activity_of(container.record.id).restart;
  if (restart.record.stopped) return;
  restart.record.unhealthy = true;
  restart.stop = StopBy::Order;
  save_restart(container);
  stop(container, UINT64_MAX,
       [name = container.record.name](const Result<void>& stopped) { note(name, stopped); });
}

// Records of an ambitd before us; what they mean depends on whether the user's manager is still the
// one of then.
void Engine::Impl::resume_policies() {
  resuming_policies = true;
  manager->get_start_time([this](const Result<std::uint64_t>& usec) {
    resuming_policies = false;
    if (!usec) log(LogLevel::Warning, "%s", usec.error().message().c_str());
    const bool is_new = usec && records.enter_session(strf("%s %llu\n", boot_id.c_str(),
                                                           static_cast<unsigned long long>(*usec)));
    for (const auto& [id, container] : containers)
      if (is_restarted(container->record)) resume_policy(*container, is_new);
  });
}

void Engine::Impl::resume_policy(Container& container, bool is_new_session) {
  const std::string& id = container.record.id;
  RestartActivity& restart = activity_of(id).restart;
  const State state = container.run.state;
  // Since we began, somebody may have called for it already.
  if ((state != State::Exited && state != State::Created) || restart.timer || restart.is_queued)
    return;
  const auto record = records.read_restart(id);
  if (!record && state == State::Created) return;  // never started
  const spec::RestartPolicy& policy = container.record.options.restart;
  if (is_new_session) {
    if (!starts_at_boot(policy, restart.record.stopped ? LastWish::Stop : LastWish::Run)) {
      if (std::exchange(restart.record.unhealthy, false)) save_restart(container);
      return;
    }
    restart.record = {};
    return queue_restart(container);
  }
  // It ended while no ambitd was there.
  const auto exit = records.read_exit(id);
  const bool is_unhealthy = restart.record.unhealthy;  // the stop was ours
  if (exit && exit->stop_requested && !is_unhealthy && !is_timeout(exit->reason) &&
      !restart.record.stopped) {
    restart.record.stopped = true;
    save_restart(container);
  }
  const int code = state == State::Exited ? container.run.exit_code : kExitCodeNotStarted;
  if (restart.record.stopped ||
      (!is_unhealthy && !restarts_after(policy, code, restart.record.count)))
    return;
  const microseconds since_end(now_usec() - container.run.exited_usec);
  restart_later(container,
                next_restart_delay(microseconds(restart.record.delay_usec), ran_for(container.run)),
                std::max(since_end, microseconds(0)));
}

bool Engine::Impl::policies_need_daemon() const {
  if (resuming_policies) return true;
  return std::any_of(containers.begin(), containers.end(), [this](const auto& entry) {
    const Container& container = *entry.second;
    if (!is_restarted(container.record)) return false;
    if (is_live(container.run.state)) return true;
    const auto found = activities.find(entry.first);
    return found != activities.end() &&
           (found->second.restart.timer || found->second.restart.is_queued);
  });
}

}  // namespace ambit::engine
