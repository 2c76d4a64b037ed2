#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/descriptors.h"

namespace ambit::monitor {

// The holder of a pod, `ambit-monitor hold`; spec/holder_settings.h has what it is started with and
// what it says. Keeps what the pod's containers share, gives it to whoever connects (the monitors
// of those that start), and ends when it is told to: SIGURG, which systemd sends to its scope, or
// SIGTERM. Killed, it takes nothing along: each container that runs keeps what it has joined.
Result<void> run_hold(Descriptors descriptors, UniqueFd signal_fd);

}  // namespace ambit::monitor
