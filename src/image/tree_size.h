#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ambit::image {

// How many bytes of the disk are used by `name` in `dir_fd` and all that is below it; a file with
// several names counts once. No link is followed, no mount is crossed. 0 for what isn't there.
// Unsupported where folders are nested more than 500 deep, and so nobody's honest work.
Result<std::uint64_t> tree_size(int dir_fd, const std::string& name);

}  // namespace ambit::image
