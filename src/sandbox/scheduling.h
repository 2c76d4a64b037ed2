#pragma once

#include <optional>

#include "base/result.h"
#include "spec/process_spec.h"
#include "spec/runtime_spec.h"

// How the kernel is to run a process: scheduler, I/O priority, personality.
namespace ambit::sandbox {

// Names and combinations, without a system call. InvalidArgument names what is unknown.
Result<void> check_scheduling(const spec::ProcessSpec& process);
Result<void> check_personality(const spec::Personality& personality);

// For the calling process: sched_setattr(2), ioprio_set(2). PermissionDenied where an ordinary user
// may not.
Result<void> set_scheduling(const spec::ProcessSpec& process);

// personality(2); survives execve.
Result<void> set_personality(const spec::Personality& personality);

}  // namespace ambit::sandbox
