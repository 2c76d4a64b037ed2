#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/engine.h"
#include "os/process.h"
#include "spec/container_record.h"
#include "spec/runtime_spec.h"

namespace ambit::engine {

// Everything a monitor is told; all descriptors are borrowed. See spec/monitor_settings.h.
struct SpawnPlan {
  const spec::ContainerRecord* record = nullptr;
  const spec::RuntimeSpec* spec = nullptr;
  const ClientStreams* streams = nullptr;
  int base_userns = -1;
  int run_dir = -1;                      // for an exec: its own
  int data_dir = -1;                     // not for an exec
  int pidfd = -1;                        // for an exec: the container's PID 1
  int cgroup = -1;                       // for an exec: the scope's folder
  int pod = -1;                          // a connection to the pod's holder
  bool oom_group = false;                // see spec::MonitorSettings
  std::string transient_dir;             // see spec::MonitorSettings
  std::vector<int> preserved_fds;        // for an exec: the command's from 3 on
  const std::string* seccomp = nullptr;  // compiled filter; none: unconfined
};

struct SpawnedMonitor {
  os::Process process;
  UniqueFd control;
};

// `ambit-monitor run`: a container's own.
Result<SpawnedMonitor> spawn_monitor(int exe_fd, const SpawnPlan& plan);
// `ambit-monitor exec`: a further command's helper.
Result<SpawnedMonitor> spawn_exec_helper(int exe_fd, const SpawnPlan& plan);

}  // namespace ambit::engine
