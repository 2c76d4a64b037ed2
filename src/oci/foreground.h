#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/notify.h"
#include "os/process.h"

namespace ambit::oci {

// Stays with a child until it ends: signals that reach the caller go to it, and where it has a
// terminal (`console` is the master) the caller's standard streams are joined to that, in raw mode
// and with its size. Everything that it wrote is out before this returns.
//
// Returns its exit status, 128+n where signal n ended it.
//
// What the process says over `notify` is passed on meanwhile.
Result<int> attend(const os::Process& process, UniqueFd console, const NotifyProxy& notify = {});

}  // namespace ambit::oci
