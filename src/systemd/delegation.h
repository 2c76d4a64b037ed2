#pragma once

#include <string>

namespace ambit::systemd {

// What an administrator does to give the user's manager a cgroup controller: the drop-in and the
// commands, in one line.
std::string delegation_fix();

}  // namespace ambit::systemd
