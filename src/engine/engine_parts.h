#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/activity.h"
#include "engine/engine.h"
#include "engine/exec_session.h"
#include "engine/pods.h"
#include "engine/programs.h"
#include "engine/pull_job.h"
#include "engine/record_store.h"
#include "engine/worker_jobs.h"
#include "systemd/manager_client.h"

namespace ambit::engine {

// What the engine holds: the stores and programs it works with, and all that goes on.
struct EngineParts {
  EngineParts(bus::EventLoop& the_loop, std::unique_ptr<systemd::ManagerClient> the_manager,
              Engine::Options the_options, RecordStore the_records, image::Store the_images,
              Programs the_programs, std::string the_boot_id)
      : loop(the_loop),
        manager(std::move(the_manager)),
        options(std::move(the_options)),
        records(std::move(the_records)),
        images(std::move(the_images)),
        programs(std::move(the_programs)),
        boot_id(std::move(the_boot_id)),
        workers(loop, programs.worker.get()) {}

  bus::EventLoop& loop;
  std::unique_ptr<systemd::ManagerClient> manager;
  UniqueFd store_dir;  // DATA
  Engine::Options options;
  RecordStore records;
  image::Store images;
  Programs programs;
  std::string boot_id;
  std::string manager_group;  // the cgroup of the user's manager; "": there is none
  WorkerJobs workers;
  std::unique_ptr<Pods> pods;
  Observer* observer = nullptr;
  bool handing_over = false;  // to the next ambitd

  std::map<std::string, std::unique_ptr<Container>> containers;  // by ID
  std::map<std::string, std::string> ids_by_name;
  std::map<std::string, Activity> activities;  // by container ID
  std::map<std::string, Exec> execs;
  std::map<std::string, std::unique_ptr<ExecSession>> exec_sessions;
  std::map<std::string, std::vector<WaitDone>> exec_waits;
  Pulls pulls;
  std::map<std::string, std::string> seccomp_filters;  // compiled, by what they depend on
  std::vector<std::unique_ptr<Run>> finished_runs;     // destroyed when the loop comes round
  std::vector<std::unique_ptr<ExecSession>> finished_execs;
  std::vector<std::string> trash;  // what is left of containers in the trash
  bool sweeping = false;           // a worker is deleting it
  bus::EventSource clean_up;
  RestartQueue restarts;
  CheckQueue checks;
  bool resuming_policies = false;  // the user's manager is being asked what it is
  std::map<std::string, bus::EventSource> exec_timers;     // by exec ID: until it is forgotten
  std::map<std::string, bus::EventSource> removal_timers;  // by container ID
};

}  // namespace ambit::engine
