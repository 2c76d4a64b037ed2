#pragma once

#include <string_view>

#include "base/result.h"

namespace ambit::sandbox {

// Confines the calling process, for good, with a compiled filter (see seccomp_profile.h). Needs
// no_new_privs or CAP_SYS_ADMIN. InvalidArgument where `bpf` is no filter.
Result<void> install_seccomp(std::string_view bpf);

}  // namespace ambit::sandbox
