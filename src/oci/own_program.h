#pragma once

#include "base/result.h"

namespace ambit::oci {

// Makes sure that this process runs from a sealed copy of its program, in memory: executes it from
// one with the same arguments where it doesn't yet, and returns only in the copy. A process of a
// container that gets hold of /proc/PID/exe then has nothing that it could write to
// (CVE-2019-5736). To be called first of all: the copy is charged to the cgroup of the caller,
// which is not the container's.
Result<void> run_from_own_copy(char** argv);

}  // namespace ambit::oci
