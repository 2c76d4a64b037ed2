#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ambit::sandbox {

// The default system call filter for a process with these capabilities ("CAP_..."), as the bytes
// of an array of struct sock_filter. Takes some milliseconds: compile once and keep the result.
//
// An allow list. What it doesn't know gets ENOSYS, so that a libc falls back from a system call
// that is newer than the list; what is denied on purpose gets EPERM. Foreign ABIs (x32 and i386 on
// x86-64, AArch32 on arm64) get ENOSYS throughout, as on a kernel built without them.
//
// Needs libseccomp: link sandbox_seccomp.
Result<std::string> compile_default_seccomp(const std::vector<std::string>& capabilities);

}  // namespace ambit::sandbox
