#include "bus/error_names.h"

#include <cerrno>

#include "bus/utf8.h"

namespace ambit::bus {

Error from_bus_error(const sd_bus_error& error, int r) {
  if (!sd_bus_error_is_set(&error)) return Error::from_errno(-r, "D-Bus");
  return dbus::failure(error.name, error.message != nullptr ? error.message : "");
}

int set_bus_error(sd_bus_error* out, const Error& error) noexcept {
  (void)sd_bus_error_set(out, dbus::error_name(error.code()), valid_utf8(error.message()).c_str());
  return error.sys_errno() > 0 ? -error.sys_errno() : -EIO;
}

}  // namespace ambit::bus
