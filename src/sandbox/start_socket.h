#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

// Where a container that was created, and not started yet, waits. Its first process accepts one
// connection on a listening socket that it got from its creator; whoever has the folder of the
// socket may start it, and learns from the same connection how the start went.
namespace ambit::sandbox {

// For the process itself: blocks until somebody connects.
Result<UniqueFd> wait_for_start(int listening_fd);

// For who starts it: connects to `name` inside `dir_fd` and returns once the command runs. NotFound
// where there is no such socket, NotRunning where nobody listens on it any more; else the error of
// the container's process, which is gone then.
Result<void> start_created(int dir_fd, const std::string& name);

}  // namespace ambit::sandbox
