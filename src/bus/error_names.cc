#include "bus/error_names.h"

#include <cerrno>
#include <string>

#include "bus/utf8.h"

namespace ambit::bus {
namespace {

struct Row {
  ErrorCode code;
  const char* name;
};

// Public API: a name keeps its meaning for good.
constexpr Row kOurs[] = {
    {ErrorCode::InvalidArgument, SD_BUS_ERROR_INVALID_ARGS},
    {ErrorCode::NotFound, "org.ambit.Ambit1.Error.NotFound"},
    {ErrorCode::AlreadyExists, "org.ambit.Ambit1.Error.AlreadyExists"},
    {ErrorCode::PermissionDenied, SD_BUS_ERROR_ACCESS_DENIED},
    {ErrorCode::Unsupported, SD_BUS_ERROR_NOT_SUPPORTED},
    {ErrorCode::Busy, "org.ambit.Ambit1.Error.Busy"},
    {ErrorCode::Timeout, SD_BUS_ERROR_TIMEOUT},
    {ErrorCode::Corrupt, "org.ambit.Ambit1.Error.Corrupt"},
    {ErrorCode::Io, SD_BUS_ERROR_IO_ERROR},
    {ErrorCode::NoSpace, "org.ambit.Ambit1.Error.NoSpace"},
    {ErrorCode::Internal, SD_BUS_ERROR_FAILED},
    {ErrorCode::NoSuchContainer, "org.ambit.Ambit1.Error.NoSuchContainer"},
    {ErrorCode::NoSuchImage, "org.ambit.Ambit1.Error.NoSuchImage"},
    {ErrorCode::NoSuchNetwork, "org.ambit.Ambit1.Error.NoSuchNetwork"},
    {ErrorCode::NameInUse, "org.ambit.Ambit1.Error.NameInUse"},
    {ErrorCode::InvalidReference, "org.ambit.Ambit1.Error.InvalidReference"},
    {ErrorCode::NotRunning, "org.ambit.Ambit1.Error.NotRunning"},
    {ErrorCode::AlreadyRunning, "org.ambit.Ambit1.Error.AlreadyRunning"},
    {ErrorCode::NotAnImage, "org.ambit.Ambit1.Error.NotAnImage"},
    {ErrorCode::CommandNotFound, "org.ambit.Ambit1.Error.CommandNotFound"},
    {ErrorCode::CommandNotExecutable, "org.ambit.Ambit1.Error.CommandNotExecutable"},
    {ErrorCode::HostUnsupported, "org.ambit.Ambit1.Error.HostUnsupported"},
};

constexpr std::string_view kSpawn = "org.freedesktop.DBus.Error.Spawn.";

// What the bus, sd-bus and systemd say; only read, never sent.
constexpr Row kForeign[] = {
    {ErrorCode::HostUnsupported, SD_BUS_ERROR_SERVICE_UNKNOWN},
    {ErrorCode::HostUnsupported, SD_BUS_ERROR_NAME_HAS_NO_OWNER},
    {ErrorCode::NotFound, SD_BUS_ERROR_UNKNOWN_OBJECT},
    {ErrorCode::NotFound, SD_BUS_ERROR_FILE_NOT_FOUND},
    {ErrorCode::NotFound, "org.freedesktop.systemd1.NoSuchUnit"},
    {ErrorCode::NotFound, "org.freedesktop.systemd1.NotReferenced"},
    {ErrorCode::NotFound, "org.freedesktop.login1.NoSuchUser"},
    {ErrorCode::AlreadyExists, "org.freedesktop.systemd1.UnitExists"},
    {ErrorCode::AlreadyExists, SD_BUS_ERROR_FILE_EXISTS},
    {ErrorCode::Unsupported, SD_BUS_ERROR_UNKNOWN_METHOD},
    {ErrorCode::Unsupported, SD_BUS_ERROR_UNKNOWN_INTERFACE},
    {ErrorCode::Unsupported, SD_BUS_ERROR_UNKNOWN_PROPERTY},
    {ErrorCode::Unsupported, SD_BUS_ERROR_PROPERTY_READ_ONLY},
    {ErrorCode::Timeout, SD_BUS_ERROR_NO_REPLY},
    {ErrorCode::Timeout, "org.freedesktop.DBus.Error.TimedOut"},
    {ErrorCode::InvalidArgument, SD_BUS_ERROR_INVALID_SIGNATURE},
    {ErrorCode::PermissionDenied, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED},
};

}  // namespace

const char* error_name(ErrorCode code) noexcept {
  for (const Row& row : kOurs)
    if (row.code == code) return row.name;
  return SD_BUS_ERROR_FAILED;
}

ErrorCode error_code(std::string_view name) noexcept {
  for (const Row& row : kOurs)
    if (name == row.name) return row.code;
  for (const Row& row : kForeign)
    if (name == row.name) return row.code;
  // The bus could not start the service: it is not there to be used, whatever the reason.
  if (name.substr(0, kSpawn.size()) == kSpawn) return ErrorCode::HostUnsupported;
  return ErrorCode::Io;
}

Error from_bus_error(const sd_bus_error& error, int r) {
  if (!sd_bus_error_is_set(&error)) return Error::from_errno(-r, "D-Bus");
  const ErrorCode code = error_code(error.name);
  std::string message = error.message != nullptr ? error.message : error.name;
  if (error.message != nullptr && code == ErrorCode::Io &&
      std::string_view(error.name) != SD_BUS_ERROR_IO_ERROR)
    message += std::string(" (") + error.name + ")";
  return {code, message};
}

int set_bus_error(sd_bus_error* out, const Error& error) noexcept {
  (void)sd_bus_error_set(out, error_name(error.code()), valid_utf8(error.message()).c_str());
  return error.sys_errno() > 0 ? -error.sys_errno() : -EIO;
}

}  // namespace ambit::bus
