#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::dbus {

// A socket of a bus.
struct Address {
  sockaddr_un socket = {};
  socklen_t size = 0;
};

// The sockets of a D-Bus address (D-Bus specification, "Server Addresses"): a list separated by
// ';' of "unix:path=", "unix:abstract=" and "unix:runtime=yes", with "%XX" for bytes; other keys
// (guid) say nothing of the place. What is of another transport is left out; InvalidArgument where
// nothing is left, or the address is malformed.
Result<std::vector<Address>> parse_address(std::string_view text);

// Where the user's bus is, for people.
std::string user_bus_address();

// HostUnsupported, with the fix: there is none, because of `cause`.
Error no_user_bus(const Error& cause);

}  // namespace ambit::dbus
