#pragma once

#include "cli/client.h"
#include "cli/create_flags.h"

namespace ambit::cli {

// For a container whose restart policy starts it with the user's manager: says once a session, on
// standard error, that this waits for the first command of ambit as long as ambit.service is not
// enabled, and how to enable it. It is the user's to decide.
void warn_without_boot_start(Client& client, const CreateFlags& flags);

}  // namespace ambit::cli
