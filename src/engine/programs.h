#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::engine {

// The programs that ambitd starts, as descriptors: an upgrade of the files on disk does not mix
// versions.
struct Programs {
  // A sealed copy in memory, made once for all containers: what enters a container must not be the
  // engine's own file, which the container's root, who is the user outside, may write to. The copy
  // is charged to ambitd and not to a container with a small memory limit.
  UniqueFd monitor;
  UniqueFd worker;
  UniqueFd fetch;
};

// NotFound names the file that is missing.
Result<Programs> open_programs(const std::string& libexec_dir);

}  // namespace ambit::engine
