#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/limit_lines.h"

// Whether limits are in force. systemd takes any of them without a word and can enforce only those
// whose controllers the user's manager was given.
namespace ambit::systemd {

// HostUnsupported, with the fix, where the cgroup of the user's manager lacks a controller that one
// of the lines needs; it names the line's file. Lines without limit need none.
Result<void> check_controllers(const std::string& manager_group,
                               const std::vector<spec::LimitLine>& lines);

// Reads the file of each line in the cgroup and compares. HostUnsupported names file, value and
// what was asked where one is missing or differs; a line without limit may be missing.
Result<void> check_in_force(const std::string& control_group,
                            const std::vector<spec::LimitLine>& lines);
// The same in an open folder; `control_group` is for messages.
Result<void> check_in_force_at(int cgroup_fd, const std::string& control_group,
                               const std::vector<spec::LimitLine>& lines);

}  // namespace ambit::systemd
