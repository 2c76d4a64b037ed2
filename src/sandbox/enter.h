#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/child.h"
#include "spec/runtime_spec.h"

// Executing a further process in a running container.
namespace ambit::sandbox {

struct ExecOptions {
  int pidfd = -1;      // PID 1 of the container
  int cgroup_fd = -1;  // where the process is to live; -1: the leaf in which PID 1 is
  const spec::ProcessSpec* process = nullptr;
  std::string user;  // "USER[:GROUP]" of the container's /etc/passwd; "" leaves process->user
  Stdio stdio;
  std::string_view seccomp_bpf;  // as the container's own
};

// Clones a process into the cgroup and all namespaces of the container and has it execute
// process->args. Events as for a container, but Ready comes only with a terminal, and there is no
// go(). The caller has one thread; it is the parent of the process and reaps it, and when it dies
// the process does.
//
// The caller becomes non-dumpable: between joining the container and execve, its processes share a
// PID namespace with ours and may not look into it (CVE-2016-9962, CVE-2019-5736). It should be a
// program that runs from a sealed memfd.
//
// NotRunning where PID 1 is gone.
Result<Child> start_exec(const ExecOptions& options);

}  // namespace ambit::sandbox
