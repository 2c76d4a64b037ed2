#pragma once

#include <string>

#include "base/result.h"

namespace ambit::os {

// "MAJOR:MINOR" of the disk that `path` stands for, as cgroup's io files name it: a block device,
// of a partition the disk that it is on; of any other file the disk that holds it. NotFound where
// there is no such file, InvalidArgument where no disk is behind it (a tmpfs, a network's).
Result<std::string> disk_of(const std::string& path);

}  // namespace ambit::os
