#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/bundle.h"
#include "oci/context.h"
#include "oci/notify.h"
#include "oci/state_store.h"
#include "os/process.h"

// From a bundle to a container's process: what `create` and `run` have in common.
namespace ambit::oci {

enum class Until {
  Created,   // its process waits for `start`
  Executed,  // its command runs
};

struct LaunchOptions {
  std::string id;
  std::string bundle;
  std::string config = "config.json";
  std::string console_socket;  // "": the terminal's master is the caller's
  std::string pid_file;
  int preserved_fds = 0;
  Until until = Until::Created;
};

struct Launched {
  StateFolder folder;
  spec::RuntimeSpec spec;
  StoredState state;
  os::Process process;  // a child of the caller
  UniqueFd console;     // with a terminal and without a console socket
  NotifyProxy notify;   // listens where the command runs already
};

// Makes the container, with its cgroup, hooks and state folder. An error has undone all of it, and
// has run the poststop hooks where there was a process already, and so maybe other hooks.
Result<Launched> launch(const Context& context, const LaunchOptions& options);

// Writes the number to `path` so that readers see all of it or no file. "" is nothing to do.
Result<void> write_pid_file(const std::string& path, pid_t pid);

// Runs the poststart hooks of a container whose command runs. One that fails is a warning: the
// others are run, and the container goes on (runtime.md, "Lifecycle").
void run_poststart_hooks(const Context& context, const StoredState& state,
                         const spec::RuntimeSpec& spec);

// Ends what is left of a container and removes its traces: processes, cgroup, state folder. Then
// runs the poststop hooks, whose failure is a warning.
Result<void> remove_container(const Context& context, const StateFolder& folder,
                              const StoredState& state);

}  // namespace ambit::oci
