#pragma once

#include <string>
#include <vector>

#include "base/result.h"

// Folders as lists of names. A `dir_fd` may be O_PATH.
namespace ambit::os {

// Every name in the folder but "." and "..", in no order.
Result<std::vector<std::string>> list_names(int dir_fd);

// Makes what happened to the folder's names survive a power cut.
Result<void> sync_dir(int dir_fd);

}  // namespace ambit::os
