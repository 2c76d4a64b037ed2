#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine_parts.h"
#include "engine/exec_folders.h"
#include "engine/launch_spec.h"
#include "engine/limits.h"

namespace ambit::engine {

// What the engine does; what it holds is in its base.
struct Engine::Impl : EngineParts {
  using EngineParts::EngineParts;

  // Starting and ending, lifecycle.cc.
  void start(Container& container, ClientStreams streams, Done done);
  void begin(Container& container, ClientStreams streams, Done done);
  Result<std::unique_ptr<Run>> begin_run(Container& container, ClientStreams& streams);
  Run::Events events_of(const std::string& id);
  void on_started(const std::string& id, pid_t main_pid, std::int64_t started_usec);
  void on_start_failed(const std::string& id, Error error);
  void on_ended(const std::string& id, const RunEnd& end);
  void conclude(const std::string& id, const RunEnd& end);
  void drop_run(Activity& activity);
  void schedule_clean_up();
  void stop(Container& container, std::uint64_t timeout_usec, Done done);

  // past_runs.cc
  void settle_end(Container& container, const RunEnd& end);
  void keep_exit(const spec::ContainerRecord& record, const RunState& run,
                 const std::string& of_boot);
  // On disk, too, where `ended` is not among them yet.
  spec::RunHistory past_runs_with(const Container& container, const RunState& ended);

  // launch.cc: what a monitor is spawned with.
  Result<RootSource> root_source(const spec::ContainerRecord& record, int data_dir_fd);
  Result<spec::RuntimeSpec> launch_spec(const spec::ContainerRecord& record, int data_dir_fd);
  Result<const std::string*> seccomp_for(const spec::ContainerRecord& record,
                                         const std::vector<std::string>& capabilities);
  Result<int> base_userns();

  // scopes.cc: the unit of a container.
  static std::string unit_of(const std::string& name);
  static std::string unit_description(const Container& container);
  void start_scope(const std::string& id, pid_t pid, const LimitPlan& limits, Run::ScopeDone done);
  // What an earlier ambitd's reference did: systemd keeps the word on how the unit ended.
  void hold_scope(const std::string& unit);
  void release_scope(const std::string& unit);

  // freezer.cc
  void watch_freezer(const Container& container);
  void read_freezer(const std::string& id);
  void on_cgroup_events(const std::string& id, const os::CgroupEvents& events);
  bool is_frozen(const std::string& id);
  void pause(Container& container, Done done);
  void resume(Container& container, Done done);
  void thaw(const std::string& unit);
  // Busy where a slice above keeps it frozen.
  Result<void> check_thawable(const Container& container);
  // Where it is frozen, so that its monitor hears an order.
  Result<void> thaw_to_stop(const Container& container);
  // SIGKILL to all of it, frozen or not.
  Result<void> kill_everything(const Container& container);

  // restarts.cc
  void note_user_start(Container& container);
  void note_user_stop(Container& container);
  void note_failed_start(Container& container);
  Result<void> set_restart_policy(Container& container, const spec::RestartPolicy& policy);
  void on_stopping(const std::string& id);
  void on_stop_explained(Container& container, const Result<std::string>& state);
  void follow_policy(Container& container);
  void restart_unhealthy(Container& container);
  void restart_later(Container& container, std::chrono::microseconds delay,
                     std::chrono::microseconds gone);
  void call_off_restart(Container& container);
  void queue_restart(Container& container);
  void pump_restarts();
  void start_again(Container& container);
  void on_started_again(Container& container, const Result<void>& result);
  void resume_policies();
  void resume_policy(Container& container, bool is_new_session);
  bool policies_need_daemon() const;
  void save_restart(const Container& container);
  void show_restart(Container& container, const RestartState& state);

  // limit_ops.cc
  std::string transient_dir() const;
  void find_manager_group();
  Result<void> keep_limits(Container& container, const systemd::UnitProperties& changes);
  // What somebody has set with systemctl while it ran: the unit's drop-ins, which are gone now.
  void keep_set_properties(Container& container, const std::vector<std::string>& lines);
  void set_live_limits(const std::string& id, systemd::UnitProperties changes, Done done);
  void on_limits_set(const std::string& id, const systemd::UnitProperties& changes,
                     const std::vector<spec::LimitLine>& lines, Result<void> set, const Done& done);

  // readiness.cc
  static bool is_ready_when_started(const Container& container);
  static bool is_ready_by_health(const Container& container);
  void note_health(Container& container);
  void answer_start(const Container& container);
  void on_notified(const std::string& id, const std::string& text);
  void note_not_ready(const Container& container);

  // removal.cc
  void remove(Container& container, RemoveMode mode, Done done);
  void remove_now(const std::string& id);
  void sweep_trash();

  // image_ops.cc
  using MakeImageCall =
      std::function<image::WorkerCall(const image::WorkerFds& fds, const std::string& job)>;
  void run_image_job(const MakeImageCall& make_call, ImagesDone done);
  void finish_image_job(const std::string& job, Result<image::WorkerResult> result,
                        const ImagesDone& done);
  Result<void> remove_image(const std::string& id, RemoveMode mode);

  // pull_ops.cc
  Result<std::string> pull(const PullRequest& request);
  Result<void> begin_pull(const std::string& id, const std::string& key,
                          const PullRequest& request);
  Result<void> spawn_fetch(PullJob& job, const PullRequest& request, int socket_fd);
  void on_pull_progress(const std::string& id, const std::vector<image::Progress>& lines);
  void on_pulled(const std::string& id, Result<image::WorkerResult> result);
  void end_transfer(const std::string& id);
  void forget_transfer(const std::string& id);

  // exec_ops.cc
  Result<std::unique_ptr<ExecSession>> spawn_exec(const Exec& exec, const ExecOptions& wanted,
                                                  ExecSession::Events events);
  Result<void> begin_exec(const Container& container, ExecOptions& wanted, const ExecStarted& done);
  ExecSession::Events exec_events(const std::string& id, const ExecStarted& done);
  void on_exec_started(const std::string& id, pid_t pid, const ExecStarted& done);
  void on_exec_failed(const std::string& id, Error error, const ExecStarted& done);
  void settle_exec_end(const std::string& id, int code);
  void drop_exec_session(const std::string& id);
  void forget_exec_later(const std::string& id);
  void remove_exec_files(const Exec& exec);
  void adopt_execs(const std::string& container_id);  // exec_adoption.cc

  // health.cc: none of it does anything for a container without a health check.
  void begin_health(Container& container);
  void resume_health(Container& container, std::int64_t run_started_usec);
  void pause_health(const Container& container);
  void continue_health(const Container& container);
  void end_health(const Container& container);
  bool health_needs_daemon() const;
  HealthActivity* health_of(const std::string& id);
  void check_later(const Container& container, std::chrono::microseconds delay);
  void queue_check(const std::string& id);
  void pump_checks();
  void settle_check(Container& container, spec::HealthResult result);
  void save_health(const Container& container, HealthActivity& health);

  // health_actions.cc: what follows from a change of the health.
  void act_on_health(Container& container);
  void act_on_failure(Container& container);
  void show_in_unit(const Container& container);

  // health_checks.cc: one check, from the command to its result.
  void start_check(Container& container);
  Result<void> begin_check(const Container& container, HealthActivity& health);
  Result<void> set_check_time(const std::string& id, RunningCheck& check,
                              std::chrono::microseconds left);
  ExecSession::Events check_events(const std::string& id, const std::string& exec_id);
  void on_check_over(const std::string& id, const std::string& exec_id, const CheckEnd& end);
  void on_check_timeout(const std::string& id);
  void kill_check(const std::string& exec_id);
  void end_left_check(const std::string& container_id, const FoundExec& found);

  // recovery.cc
  void recover(Container& container);
  Result<UniqueFd> monitor_socket(const std::string& id) const;
  Result<void> adopt(Container& container, const spec::RunRecord& run);
  void note_lost(Container& container, const spec::RunRecord& run, std::int64_t exited_usec);
  void give_up(Container& container, const spec::RunRecord& run);
  void bury(const std::string& id, const std::string& control_group, Run::Buried buried);
  void remove_later(const std::string& id);
  void sweep_scopes();
  bool is_starting_now(const std::string& unit) const;

  // Applies `change` to the container's visible state and tells the observer.
  template <typename Change>
  void update(Container& container, Change change) {
    const Container before = container;
    change(container);
    if (observer != nullptr) observer->container_changed(container, before);
    if (!container.record.options.pod.empty()) pods->refresh(container.record.options.pod);
  }
  Result<Container*> by_id(const std::string& id);
  Activity& activity_of(const std::string& id) { return activities[id]; }
  std::vector<std::string> users_of_image(const std::string& image_id) const;
};

}  // namespace ambit::engine
