#pragma once

#include <functional>

#include "base/result.h"
#include "os/process.h"
#include "sandbox/channel.h"
#include "sandbox/container.h"

// The process between the caller and a container's first process, where a plain clone(2) can't put
// that one into all of its namespaces (NamespacePlan::needs_step_between).
namespace ambit::sandbox {

// What the caller holds while the process between works.
struct BetweenContext {
  const ContainerPlan& plan;
  int cgroup_fd;
  int procfs_fd;
  int parent_fd;  // the two ends of the channel
  int child_fd;
  StagePage& stage;
};

// Blocks until the process between has said the number of the one that it cloned (ChildWord::Pid),
// or why it could not. `on_unshared` writes the maps that it asks for on the way.
Result<pid_t> await_pid(int parent_fd, const StagePage& stage,
                        const std::function<Result<void>()>& on_unshared = {});

// Runs it and returns the container's first process, a child of the caller, which waits for
// ParentWord::Mapped. In that process itself `pid` is 0.
Result<os::Process> clone_through_step_between(const BetweenContext& context);

}  // namespace ambit::sandbox
