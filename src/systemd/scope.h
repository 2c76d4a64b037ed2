#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "bus/options.h"
#include "systemd/manager_client.h"
#include "systemd/unit_name.h"

namespace ambit::systemd {

struct ScopeOptions {
  std::string unit;  // from scope_unit()
  std::string description;
  pid_t pid = 0;  // becomes the scope's first process; a child of ours that is not reaped yet
  std::string slice = kSlice;
  std::uint64_t stop_timeout_usec = 0;          // after which systemd kills what is left
  std::uint64_t runtime_max_usec = UINT64_MAX;  // stopped after so long
  std::string oom_policy = "continue";
  bus::OptionWriter extra;  // further properties, by systemd's names and types
  std::chrono::seconds deadline{30};
};

// The verified cgroup of the new scope.
using ScopeDone = std::function<void(Result<std::string> control_group)>;

// Makes a transient scope of a running process and checks that it is one: the job's result is
// "done", and the kernel has the process in the cgroup that the manager names. Returns at once;
// `done` comes later, once.
//
// The scope has KillSignal=SIGURG (for the monitor, which turns it into the container's own stop),
// Delegate=yes, and is kept readable after its end by a reference of this connection until
// ManagerClient::unref_unit().
//
// A dead unit of the same name that was not collected is cleared away first. Errors:
//   AlreadyExists  a unit of that name is really running
//   Timeout        the manager did not answer before the deadline
//   NotFound       the process was gone
//   Io             anything else; whatever was made of the unit is stopped
void start_scope(ManagerClient& manager, ScopeOptions options, ScopeDone done);

}  // namespace ambit::systemd
