#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/channel.h"
#include "sandbox/child.h"
#include "sandbox/id_map.h"
#include "sandbox/mount_options.h"
#include "sandbox/namespaces.h"
#include "sandbox/process.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

// A container's first process as the parent has understood and checked it, before there is one.
struct ContainerPlan {
  const spec::RuntimeSpec* spec = nullptr;
  Stdio stdio;
  spec::State state;
  int start_socket_fd = -1;
  NamespacePlan namespaces;
  IdMaps id_maps;
  std::vector<MountPlan> mounts;
  GivenFds given;
  std::vector<UniqueFd> idmapped;  // for each mount; empty for those that keep their ids
  ProcessPlan process;
  UniqueFd init_program;  // ambit-init as a sealed memfd, where the spec asks for it
};

// InvalidArgument or Unsupported for a spec that can't be run; nothing has been done then.
Result<ContainerPlan> plan_container(const StartOptions& options);

// The child's whole life: sets the container up, reports, waits for the parent's words, executes.
[[noreturn]] void run_container(ContainerPlan& plan, ChildChannel& channel);

}  // namespace ambit::sandbox
