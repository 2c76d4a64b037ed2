#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/state_store.h"
#include "spec/state.h"

// What a container does now: derived from the kernel each time.
namespace ambit::oci {

enum class Status { Creating, Created, Running, Paused, Stopped };

const char* status_name(Status status);

// When a process was started, in clock ticks since boot (proc(5), stat field 22). NotRunning where
// it is gone or a zombie.
Result<std::uint64_t> start_ticks(pid_t pid);

// The container's first process; empty where it is gone.
UniqueFd open_container_process(const StoredState& state);

Result<Status> status_of(const StateFolder& folder, const StoredState& state);

// The state as hooks and callers read it.
spec::State make_state(const StoredState& state, Status status, const spec::RuntimeSpec& spec);

}  // namespace ambit::oci
