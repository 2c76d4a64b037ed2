#pragma once

#include <sys/types.h>

#include <map>
#include <string>

// The state of a container as the runtime specification has it (runtime.md, "State"): what hooks
// read from their standard input, and what a runtime answers.
namespace ambit::spec {

struct State {
  std::string oci_version;
  std::string id;
  std::string status;  // "creating", "created", "running", "stopped"; ours too: "paused"
  pid_t pid = 0;       // as the runtime sees it; 0: there is no process
  std::string bundle;  // absolute
  std::map<std::string, std::string> annotations;
};

// JSON without line breaks.
std::string write_state(const State& state);

// What goes with the notify descriptor of a seccomp filter to who answers it (config-linux.md, "The
// Container Process State"). `pid` is the process with the filter, which may be a later one.
std::string write_container_process_state(const State& state, pid_t pid,
                                          const std::string& metadata);

}  // namespace ambit::spec
