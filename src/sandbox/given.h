#pragma once

#include <map>
#include <string>

namespace ambit::sandbox {

// What a specification names in the place of a path, a namespace or the source of a mount, and its
// caller holds open: by that name. A mount is one that is attached nowhere yet, and is taken as it
// is. Borrowed descriptors, which must outlive the start.
using GivenFds = std::map<std::string, int>;

}  // namespace ambit::sandbox
