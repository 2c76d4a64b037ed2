#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

// The one table between our failures and their names on D-Bus.
namespace ambit::dbus {

// The D-Bus error name that stands for `code`: org.ambit.Ambit1.Error.* or one of the well-known
// org.freedesktop.DBus.Error.* names.
const char* error_name(ErrorCode code) noexcept;

// The way back, and the names of the bus and of systemd. What is in no table counts as Io: the
// other side failed for reasons of its own.
ErrorCode error_code(std::string_view name) noexcept;

// The Error that an error reply stands for. The message is the peer's own, which is written for
// people; a name that is not in our tables is added in brackets, as nothing else tells such
// failures apart.
Error failure(const std::string& name, const std::string& message);

}  // namespace ambit::dbus
