#include "dbus/address.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/strings.h"

namespace ambit::dbus {
namespace {

constexpr std::string_view kUnix = "unix:";

Error malformed(std::string_view text) {
  return Error(ErrorCode::InvalidArgument,
               "bus address \"" + std::string(text) + "\": no socket of this machine is named");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return malformed(text);
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

// "\0name" for an abstract one.
Result<Address> make_address(const std::string& path) {
  Address address;
  if (path.size() >= sizeof address.socket.sun_path) return malformed(path);
  address.socket.sun_family = AF_UNIX;
  std::memcpy(address.socket.sun_path, path.data(), path.size());
  const std::size_t end = path[0] == '\0' ? 0 : 1;  // a NUL behind the name is the name's
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + end);
  return address;
}

Result<std::string> socket_path(std::string_view key, const std::string& value) {
  if (key == "path") return value;
  if (key == "abstract") return std::string(1, '\0').append(value);
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (key != "runtime" || value != "yes" || runtime == nullptr) return std::string();
  return std::string(runtime) + "/bus";
}

}  // namespace

std::string user_bus_address() {
  if (const char* set = std::getenv("DBUS_SESSION_BUS_ADDRESS")) return set;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"))
    return std::string("unix:path=") + runtime + "/bus";
  return "$XDG_RUNTIME_DIR/bus (XDG_RUNTIME_DIR is not set: log in, or use machinectl shell)";
}

Error no_user_bus(const Error& cause) {
  return Error(cause)
      .context("no user bus at " + user_bus_address() +
               ": install dbus-user-session, or start dbus.socket: systemctl --user start "
               "dbus.socket")
      .with_code(ErrorCode::HostUnsupported);
}

Result<std::vector<Address>> parse_address(std::string_view text) {
  std::vector<Address> addresses;
  for (const std::string& entry : split(text, ';')) {
    if (entry.compare(0, kUnix.size(), kUnix) != 0) continue;
    for (const std::string& pair : split(std::string_view(entry).substr(kUnix.size()), ',')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos) return malformed(text);
      const std::string value = AMBIT_TRY(unescape(std::string_view(pair).substr(equals + 1)));
      const std::string path = AMBIT_TRY(socket_path(pair.substr(0, equals), value));
      if (!path.empty()) addresses.push_back(AMBIT_TRY(make_address(path)));
    }
  }
  if (addresses.empty()) return malformed(text);
  return addresses;
}

}  // namespace ambit::dbus
