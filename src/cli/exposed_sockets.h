#pragma once

#include <string>
#include <vector>

#include "cli/mount_argument.h"

namespace ambit::cli {

// Whether who has `source`, a path without links, can reach the sockets of the user's systemd, bus
// or ambit in `runtime_dir`: the folder itself, one that holds it, or the sockets' own.
bool exposes_sockets(const std::string& source, const std::string& runtime_dir);

// Says so, on standard error and once, where a bind mount has them from $XDG_RUNTIME_DIR. It is the
// user's to decide: the mount is made all the same.
void warn_of_exposed_sockets(const std::vector<MountArgument>& mounts);

}  // namespace ambit::cli
