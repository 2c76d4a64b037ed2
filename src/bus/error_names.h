#pragma once

#include <systemd/sd-bus.h>

#include <string_view>

#include "base/error.h"

// The one table between our failures and their names on D-Bus.
namespace ambit::bus {

// The D-Bus error name that stands for `code`: org.ambit.Ambit1.Error.* or one of the well-known
// org.freedesktop.DBus.Error.* names.
const char* error_name(ErrorCode code) noexcept;

// The way back, and the names of the bus and of systemd. What is in no table counts as Io: the
// other side failed for reasons of its own.
ErrorCode error_code(std::string_view name) noexcept;

// The Error that a failed call stands for: `error` as it was filled in, or the negative errno `r`
// where it was not. The message is the peer's own, which is written for people; a name that is not
// in our tables is added in brackets, as nothing else tells such failures apart.
Error from_bus_error(const sd_bus_error& error, int r);

// Fills `out` with name and message for `error`; returns the negative errno that sd-bus wants from
// a failed callback.
int set_bus_error(sd_bus_error* out, const Error& error) noexcept;

}  // namespace ambit::bus
