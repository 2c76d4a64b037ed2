#pragma once

#include <string>

#include "base/result.h"
#include "bus/bus.h"

namespace ambit::systemd {

// "enabled", "disabled", "enabled-runtime", "static", ... of a unit's file, as systemctl(1)
// is-enabled says it. Waits for the manager's answer; an error where there is no such file.
Result<std::string> unit_file_state(bus::Bus& bus, const std::string& unit);

}  // namespace ambit::systemd
