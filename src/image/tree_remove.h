#pragma once

#include <string>

#include "base/result.h"

namespace ambit::image {

// Deletes `name` in `dir_fd` with all that is below it. No link is followed, no mount is crossed.
// Depth costs neither descriptors nor stack: what lies too deep is moved up first. Goes on after a
// failure and returns the first: Busy for something that is mounted inside, PermissionDenied for
// owners that are not mapped in this user namespace. What isn't there is no error.
Result<void> remove_tree(int dir_fd, const std::string& name);

}  // namespace ambit::image
