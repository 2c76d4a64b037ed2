#pragma once

#include <string>

#include "base/result.h"
#include "os/process.h"

namespace ambit::monitor {

// Where a further command and its helper live below the container's scope: the helper in
// supervisor/, the command where PID 1 is.
class ExecPlace {
 public:
  ExecPlace() = default;

  // Moves this process to supervisor/. `scope_fd` is the scope's folder; -1 stays where it is.
  static Result<ExecPlace> enter(int scope_fd);

  // SIGKILL to the command and to what it has started.
  void kill(const os::Process& process) const;

 private:
  std::string payload_;  // path; "" where we stay
};

}  // namespace ambit::monitor
