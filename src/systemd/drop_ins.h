#pragma once

#include <string>
#include <vector>

namespace ambit::systemd {

// What was set of a running transient unit with `systemctl set-property` or SetUnitProperties: the
// assignments of its drop-ins, "MemoryMax=1024", in order. They vanish with the unit. A percentage
// is given as the number that the kernel has in `control_group` where it has one: systemd 252
// writes 5.1% where 50% was set. Empty where nothing was set. Needs no bus.
//
// `transient_dir` is "$XDG_RUNTIME_DIR/systemd/transient".
std::vector<std::string> read_drop_ins(const std::string& transient_dir, const std::string& unit,
                                       const std::string& control_group);

}  // namespace ambit::systemd
