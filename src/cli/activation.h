#pragma once

#include "base/result.h"
#include "bus/options.h"

namespace ambit::cli {

// What the service manager that started this program has for the container that it starts: the
// sockets of sd_listen_fds(3), and that it waits for WATCHDOG=1, as options of Start and
// RunContainer. The sockets are ours no longer once they are sent. InvalidArgument for an
// environment that makes no sense.
Result<void> add_activation(bus::OptionWriter& options);

// The user manager's unit that this process belongs to: "" for none.
std::string own_service();

}  // namespace ambit::cli
