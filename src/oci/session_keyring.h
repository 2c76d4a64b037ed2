#pragma once

#include "base/result.h"

namespace ambit::oci {

// Leaves the session keyring of the caller, with what the user keeps there, for one that the user's
// containers share: one for each user and not for each container, because the kernel counts them
// (keyrings(7), /proc/sys/kernel/keys/maxkeys). Inherited by every process made from here on.
//
// HostUnsupported where the quota is used up. Where the calls are forbidden or missing there is
// nothing to be protected from: success.
Result<void> join_container_keyring();

}  // namespace ambit::oci
