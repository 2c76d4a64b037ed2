#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"
#include "dbus/error_names.h"

namespace ambit::bus {

// The Error that a failed call stands for: `error` as it was filled in, or the negative errno `r`
// where it was not.
Error from_bus_error(const sd_bus_error& error, int r);

// Fills `out` with name and message for `error`; returns the negative errno that sd-bus wants from
// a failed callback.
int set_bus_error(sd_bus_error* out, const Error& error) noexcept;

}  // namespace ambit::bus
