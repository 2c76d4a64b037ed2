#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace ambit::systemd {

// Whether the user's manager starts with the machine and outlives the last session (Linger, see
// loginctl(1)). Asks systemd-logind; where that can't be reached, looks for the file by which it
// remembers. Waits for the answer, a few seconds at most.
Result<bool> user_lingers(uid_t uid);

}  // namespace ambit::systemd
