#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "os/namespace.h"

namespace ambit::sandbox {

// Has newuidmap(1) or newgidmap(1), by `name`, write the map of the process's user namespace, and
// waits for it. HostUnsupported with its words, or with the fix where it can't work on this host.
Result<void> run_map_helper(const std::string& name, pid_t pid,
                            const std::vector<os::IdExtent>& extents);

}  // namespace ambit::sandbox
