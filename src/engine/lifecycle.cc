#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/monitor_spawn.h"
#include "engine/systemd_inside.h"
#include "systemd/drop_ins.h"

// Starting, stopping and ending of runs.
namespace ambit::engine {
namespace {

void call_all(std::vector<Done>& calls, const Result<void>& result) {
  for (const Done& done : std::exchange(calls, {})) done(result);
}

// systemd kills a frozen container, its monitor with it, when its time is up. A unit whose stop
// took too long has the same result.
const char* reason_of(const systemd::UnitState& unit, const Container& container) {
  if (unit.result == "oom-kill") return "oom";
  const std::uint64_t limit = container.record.options.runtime_max_usec;
  const auto ran_for = static_cast<std::uint64_t>(now_usec() - container.run.started_usec);
  return unit.result == "timeout" && limit > 0 && ran_for >= limit ? "timeout" : "lost";
}

}  // namespace

void Engine::Impl::start(Container& container, ClientStreams streams, Done done) {
  const std::string& name = container.record.name;
  if (is_live(container.run.state))
    return done(Error(ErrorCode::AlreadyRunning,
                      "container " + name + " is " + to_string(container.run.state)));
  if (container.run.state == State::Removing)
    return done(Error(ErrorCode::Busy, "container " + name + " is being removed"));

  note_user_start(container);
  const std::string id = container.record.id;
  begin(container, std::move(streams), [this, id, done = std::move(done)](Result<void> started) {
    const auto found = containers.find(id);
    if (!started && found != containers.end()) note_failed_start(*found->second);
    done(std::move(started));
  });
}

void Engine::Impl::begin(Container& container, ClientStreams streams, Done done) {
  const std::string& name = container.record.name;
  const State before = container.run.state;
  RestartActivity& restart = activity_of(container.record.id).restart;
  restart.stop = StopBy::Nobody;
  restart.ended_while_asking = false;
  activity_of(container.record.id).until_ready = streams.service.until_ready;
  activity_of(container.record.id).service_unit = streams.service.unit;
  update(container, [](Container& c) { c.run.state = State::Starting; });
  auto run = begin_run(container, streams);
  if (!run) {
    records.forget_run(container.record.id);
    update(container, [before](Container& c) { c.run.state = before; });
    const std::string id = container.record.id;
    const bool remove_it = container.record.options.auto_remove;
    done(std::move(run).error().context("starting " + name));
    if (remove_it && containers.count(id) > 0) remove_now(id);
    return;
  }
  Activity& activity = activity_of(container.record.id);
  activity.run = *std::move(run);
  activity.on_started = std::move(done);
}

Result<std::unique_ptr<Run>> Engine::Impl::begin_run(Container& container, ClientStreams& streams) {
  const std::string& id = container.record.id;
  spec::ContainerRecord record = container.record;
  if (streams.console_size) record.options.console_size = streams.console_size;
  UniqueFd data_fd = AMBIT_TRY(records.open_data_dir(id));
  records.remove_runtime_dir(id);  // what an ambitd that was killed may have left
  UniqueFd run_fd = AMBIT_TRY(records.open_runtime_dir(id));
  const LimitPlan limits = AMBIT_TRY(plan_limits(record.options.limits, manager_group));
  AMBIT_TRY(write_etc_files(data_fd.get(), record));
  AMBIT_TRY(write_host_files(data_fd.get(), record));
  AMBIT_TRY(check_service_context(streams.service));
  spec::RuntimeSpec spec = AMBIT_TRY(launch_spec(record, data_fd.get()));
  add_service_context(streams.service, record, records.runtime_path(id), spec);

  SpawnPlan plan;
  plan.record = &record;
  plan.spec = &spec;
  plan.streams = &streams;
  plan.base_userns = AMBIT_TRY(base_userns());
  plan.run_dir = run_fd.get();
  plan.data_dir = data_fd.get();
  plan.oom_group = limits.oom_group;
  plan.transient_dir = transient_dir();
  plan.seccomp = AMBIT_TRY(seccomp_for(record, spec.process.capabilities.bounding));
  UniqueFd pod;
  if (!record.options.pod.empty()) pod = AMBIT_TRY(pods->join(record.options.pod));
  plan.pod = pod.get();
  AMBIT_TRY(records.begin_run(id, {.boot_id = boot_id, .unit = unit_of(record.name)}));
  SpawnedMonitor monitor = AMBIT_TRY(spawn_monitor(programs.monitor.get(), plan));
  return Run::start(
      loop, std::move(monitor.process), std::move(monitor.control),
      [this, id, &limits](pid_t pid, Run::ScopeDone scope_done) {
        start_scope(id, pid, limits, std::move(scope_done));
      },
      events_of(id));
}

Run::Events Engine::Impl::events_of(const std::string& id) {
  return {
      .started = [this, id](pid_t main_pid,
                            std::int64_t started_usec) { on_started(id, main_pid, started_usec); },
      .failed = [this, id](Error error) { on_start_failed(id, std::move(error)); },
      .stopping = [this, id] { on_stopping(id); },
      .notified = [this, id](const std::string& text) { on_notified(id, text); },
      .oom_killed =
          [this, id] { update(*containers.at(id), [](Container& c) { c.run.oom_killed = true; }); },
      .ended = [this, id](const RunEnd& end) { on_ended(id, end); }};
}

void Engine::Impl::on_started(const std::string& id, pid_t main_pid, std::int64_t started_usec) {
  Container& container = *containers.at(id);
  Activity& activity = activity_of(id);
  const std::string group = activity.run->control_group();
  const std::string unit =
      container.run.unit.empty() ? unit_of(container.record.name) : container.run.unit;
  // A lost write costs a later ambitd the unit's name, which it can guess, and nothing else.
  (void)records.update_run(id, {.boot_id = boot_id,
                                .unit = unit,
                                .control_group = group,
                                .started_usec = started_usec,
                                .main_pid = main_pid});
  update(container, [&](Container& c) {
    c.run = RunState{.state = State::Running,
                     .unit = unit,
                     .control_group = group,
                     .main_pid = main_pid,
                     .started_usec = started_usec,
                     .ready = is_ready_when_started(c)};
  });
  begin_health(container);
  watch_freezer(container);
  answer_start(container);
}

void Engine::Impl::on_start_failed(const std::string& id, Error error) {
  Container& container = *containers.at(id);
  Activity& activity = activity_of(id);
  drop_run(activity);
  release_scope(unit_of(container.record.name));
  records.forget_run(id);
  records.remove_runtime_dir(id);
  update(container, [](Container& c) { c.run = RunState{.state = State::Created}; });

  const Done done = std::exchange(activity.on_started, nullptr);
  call_all(activity.on_stopped, {});
  const bool remove_it = activity.remove_when_ended || container.record.options.auto_remove;
  if (done) done(std::move(error).context("starting " + container.record.name));
  if (remove_it) remove_now(id);
}

// Where the monitor left no word, systemd may know why: the unit, which our reference keeps, has
// it.
void Engine::Impl::on_ended(const std::string& id, const RunEnd& end) {
  if (end.known || records.read_exit(id)) return conclude(id, end);
  manager->get_unit(containers.at(id)->run.unit, [this, id](Result<systemd::UnitState> unit) {
    // The monitor can't have kept them; the unit is still there.
    Container& container = *containers.at(id);
    const RunState& run = container.run;
    keep_set_properties(container, systemd::read_drop_ins(transient_dir(), run.unit, ""));
    conclude(id, {.reason = unit ? reason_of(*unit, container) : "lost"});
  });
}

void Engine::Impl::conclude(const std::string& id, const RunEnd& end) {
  Container& container = *containers.at(id);
  Activity& activity = activity_of(id);
  end_health(container);
  drop_run(activity);
  release_scope(container.run.unit);
  records.remove_runtime_dir(id);
  settle_end(container, end);
  if (observer != nullptr) observer->container_exited(container);

  note_not_ready(container);
  const int code = container.run.exit_code;
  for (const WaitDone& done : std::exchange(activity.on_exited, {})) done(code);
  call_all(activity.on_stopped, {});
  // Callbacks may have started it anew.
  if (handing_over || is_live(container.run.state)) return;
  if (activity.remove_when_ended || container.record.options.auto_remove) return remove_now(id);
  follow_policy(container);
}

// The run is in the middle of its own callback: it is destroyed when the loop comes round.
void Engine::Impl::drop_run(Activity& activity) {
  activity.freezer.reset();
  if (activity.run) finished_runs.push_back(std::move(activity.run));
  schedule_clean_up();
}

void Engine::Impl::schedule_clean_up() {
  auto deferred = loop.defer([this] {
    finished_runs.clear();
    finished_execs.clear();
  });
  // Without memory for it they stay until the next time.
  if (deferred) clean_up = *std::move(deferred);
}

void Engine::Impl::stop(Container& container, std::uint64_t timeout_usec, Done done) {
  if (!is_live(container.run.state)) return done({});
  if (auto thawed = thaw_to_stop(container); !thawed) return done(std::move(thawed));
  Activity& activity = activity_of(container.record.id);
  activity.on_stopped.push_back(std::move(done));
  // None where recovery still looks for its cgroup; it ends by itself then.
  if (activity.run) activity.run->stop(timeout_usec);
}

}  // namespace ambit::engine
