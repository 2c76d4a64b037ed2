#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/activity.h"
#include "engine/engine.h"
#include "engine/exec_session.h"
#include "engine/launch_spec.h"
#include "engine/limits.h"
#include "engine/programs.h"
#include "engine/record_store.h"
#include "engine/worker_jobs.h"
#include "systemd/manager_client.h"

namespace ambit::engine {

struct Engine::Impl {
  Impl(bus::EventLoop& the_loop, std::unique_ptr<systemd::ManagerClient> the_manager,
       Options the_options, RecordStore the_records, image::Store the_images, Programs the_programs,
       std::string the_boot_id)
      : loop(the_loop),
        manager(std::move(the_manager)),
        options(std::move(the_options)),
        records(std::move(the_records)),
        images(std::move(the_images)),
        programs(std::move(the_programs)),
        boot_id(std::move(the_boot_id)),
        workers(loop, programs.worker.get()) {}

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

  // exec_ops.cc
  Result<std::unique_ptr<ExecSession>> spawn_exec(const Exec& exec, const ExecOptions& wanted,
                                                  const ExecStarted& done);
  Result<void> begin_exec(const Container& container, ExecOptions& wanted, const ExecStarted& done);
  ExecSession::Events exec_events(const std::string& id, const ExecStarted& done);
  void on_exec_started(const std::string& id, pid_t pid, const ExecStarted& done);
  void on_exec_failed(const std::string& id, Error error, const ExecStarted& done);
  void settle_exec_end(const std::string& id, int code);
  void drop_exec_session(const std::string& id);
  void forget_exec_later(const std::string& id);
  void remove_exec_files(const Exec& exec);
  void adopt_execs(const std::string& container_id);  // exec_adoption.cc

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
  }
  Result<Container*> by_id(const std::string& id);
  Activity& activity_of(const std::string& id) { return activities[id]; }
  std::vector<std::string> users_of_image(const std::string& image_id) const;

  bus::EventLoop& loop;
  std::unique_ptr<systemd::ManagerClient> manager;
  UniqueFd store_dir;  // DATA
  Options options;
  RecordStore records;
  image::Store images;
  Programs programs;
  std::string boot_id;
  std::string manager_group;  // the cgroup of the user's manager; "": there is none
  WorkerJobs workers;
  Observer* observer = nullptr;
  bool handing_over = false;  // to the next ambitd

  std::map<std::string, std::unique_ptr<Container>> containers;  // by ID
  std::map<std::string, std::string> ids_by_name;
  std::map<std::string, Activity> activities;  // by container ID
  std::map<std::string, Exec> execs;
  std::map<std::string, std::unique_ptr<ExecSession>> exec_sessions;
  std::map<std::string, std::vector<WaitDone>> exec_waits;
  std::map<std::string, std::string> seccomp_filters;  // compiled, by what they depend on
  std::vector<std::unique_ptr<Run>> finished_runs;     // destroyed when the loop comes round
  std::vector<std::unique_ptr<ExecSession>> finished_execs;
  std::vector<std::string> trash;  // what is left of containers in the trash
  bool sweeping = false;           // a worker is deleting it
  bus::EventSource clean_up;
  RestartQueue restarts;
  bool resuming_policies = false;  // the user's manager is being asked what it is
  std::map<std::string, bus::EventSource> exec_timers;     // by exec ID: until it is forgotten
  std::map<std::string, bus::EventSource> removal_timers;  // by container ID
};

}  // namespace ambit::engine
