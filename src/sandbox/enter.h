#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/child.h"
#include "spec/runtime_spec.h"

// Executing a further process in a running container.
namespace ambit::sandbox {

enum class ExecPlacement {
  OfContainer,  // the cgroup that PID 1 is in: a leaf, also where the container made cgroups
  OfCaller,     // the caller's, for a container that was not given a cgroup
};

struct ExecOptions {
  int pidfd = -1;      // PID 1 of the container
  int cgroup_fd = -1;  // O_PATH folder of another cgroup to live in
  ExecPlacement placement = ExecPlacement::OfContainer;  // without cgroup_fd
  const spec::ProcessSpec* process = nullptr;
  std::string user;  // "USER[:GROUP]" of the container's /etc/passwd; "" leaves process->user
  Stdio stdio;
  Seccomp seccomp;    // as the container's own
  spec::State state;  // the container's, for a seccomp listener
  const spec::Personality* personality = nullptr;
  Lifetime lifetime = Lifetime::OfCaller;
  int preserved_fds = 0;  // so many, from 3 on, are the command's
  // Called with the number of the process that will join the container, before it does: to place it
  // in a cgroup, where it can't be cloned into that.
  std::function<Result<void>(pid_t)> on_cloned;
};

// Clones a process into the cgroup and all namespaces of the container and has it execute
// process->args. Events as for a container, but Ready comes only with a terminal, and there is no
// go(). The caller has one thread; it is the parent of the process and reaps it, and when it dies
// the process does.
//
// Between joining the container and execve the process shares a PID namespace with the container's,
// which may not look into it: it is not dumpable before it joins (CVE-2016-9962). The caller should
// be a program that runs from a sealed memfd (CVE-2019-5736).
//
// NotRunning where PID 1 is gone. Blocks for a millisecond, until the process is in the container.
Result<Child> start_exec(const ExecOptions& options);

}  // namespace ambit::sandbox
