#pragma once

namespace ambit::cli {

// Says once a session, on standard error, that containers end with the user's last session where
// linger is off, and the command that switches it on: it is the user's to decide. Only for
// containers that are left in the background. A host that can't be asked is no reason to complain.
void warn_without_linger();

}  // namespace ambit::cli
