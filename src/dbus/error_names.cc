#include "dbus/error_names.h"

namespace ambit::dbus {
namespace {

struct Row {
  ErrorCode code;
  const char* name;
};

// Public API: a name keeps its meaning for good.
constexpr Row kOurs[] = {
    {ErrorCode::InvalidArgument, "org.freedesktop.DBus.Error.InvalidArgs"},
    {ErrorCode::NotFound, "org.ambit.Ambit1.Error.NotFound"},
    {ErrorCode::AlreadyExists, "org.ambit.Ambit1.Error.AlreadyExists"},
    {ErrorCode::PermissionDenied, "org.freedesktop.DBus.Error.AccessDenied"},
    {ErrorCode::Unsupported, "org.freedesktop.DBus.Error.NotSupported"},
    {ErrorCode::Busy, "org.ambit.Ambit1.Error.Busy"},
    {ErrorCode::Timeout, "org.freedesktop.DBus.Error.Timeout"},
    {ErrorCode::Corrupt, "org.ambit.Ambit1.Error.Corrupt"},
    {ErrorCode::Io, "org.freedesktop.DBus.Error.IOError"},
    {ErrorCode::NoSpace, "org.ambit.Ambit1.Error.NoSpace"},
    {ErrorCode::Internal, "org.freedesktop.DBus.Error.Failed"},
    {ErrorCode::NoSuchContainer, "org.ambit.Ambit1.Error.NoSuchContainer"},
    {ErrorCode::NoSuchImage, "org.ambit.Ambit1.Error.NoSuchImage"},
    {ErrorCode::NoSuchNetwork, "org.ambit.Ambit1.Error.NoSuchNetwork"},
    {ErrorCode::NoSuchPod, "org.ambit.Ambit1.Error.NoSuchPod"},
    {ErrorCode::NameInUse, "org.ambit.Ambit1.Error.NameInUse"},
    {ErrorCode::InvalidReference, "org.ambit.Ambit1.Error.InvalidReference"},
    {ErrorCode::NotRunning, "org.ambit.Ambit1.Error.NotRunning"},
    {ErrorCode::AlreadyRunning, "org.ambit.Ambit1.Error.AlreadyRunning"},
    {ErrorCode::NotAnImage, "org.ambit.Ambit1.Error.NotAnImage"},
    {ErrorCode::CommandNotFound, "org.ambit.Ambit1.Error.CommandNotFound"},
    {ErrorCode::CommandNotExecutable, "org.ambit.Ambit1.Error.CommandNotExecutable"},
    {ErrorCode::HostUnsupported, "org.ambit.Ambit1.Error.HostUnsupported"},
    {ErrorCode::Unauthorized, "org.ambit.Ambit1.Error.Unauthorized"},
    {ErrorCode::PullFailed, "org.ambit.Ambit1.Error.PullFailed"},
};

constexpr std::string_view kSpawn = "org.freedesktop.DBus.Error.Spawn.";

// What the bus, sd-bus and systemd say; only read, never sent.
constexpr Row kForeign[] = {
    {ErrorCode::HostUnsupported, "org.freedesktop.DBus.Error.ServiceUnknown"},
    {ErrorCode::HostUnsupported, "org.freedesktop.DBus.Error.NameHasNoOwner"},
    {ErrorCode::NotFound, "org.freedesktop.DBus.Error.UnknownObject"},
    {ErrorCode::NotFound, "org.freedesktop.DBus.Error.FileNotFound"},
    {ErrorCode::NotFound, "org.freedesktop.systemd1.NoSuchUnit"},
    {ErrorCode::NotFound, "org.freedesktop.systemd1.NotReferenced"},
    {ErrorCode::NotFound, "org.freedesktop.login1.NoSuchUser"},
    {ErrorCode::AlreadyExists, "org.freedesktop.systemd1.UnitExists"},
    {ErrorCode::AlreadyExists, "org.freedesktop.DBus.Error.FileExists"},
    {ErrorCode::Unsupported, "org.freedesktop.DBus.Error.UnknownMethod"},
    {ErrorCode::Unsupported, "org.freedesktop.DBus.Error.UnknownInterface"},
    {ErrorCode::Unsupported, "org.freedesktop.DBus.Error.UnknownProperty"},
    {ErrorCode::Unsupported, "org.freedesktop.DBus.Error.PropertyReadOnly"},
    {ErrorCode::Timeout, "org.freedesktop.DBus.Error.NoReply"},
    {ErrorCode::Timeout, "org.freedesktop.DBus.Error.TimedOut"},
    {ErrorCode::InvalidArgument, "org.freedesktop.DBus.Error.InvalidSignature"},
    {ErrorCode::PermissionDenied, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"},
};

}  // namespace

const char* error_name(ErrorCode code) noexcept {
  for (const Row& row : kOurs)
    if (row.code == code) return row.name;
  return "org.freedesktop.DBus.Error.Failed";
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

Error failure(const std::string& name, const std::string& message) {
  const ErrorCode code = error_code(name);
  if (message.empty()) return {code, name};
  if (code != ErrorCode::Io || name == error_name(ErrorCode::Io)) return {code, message};
  return {code, message + " (" + name + ")"};
}

}  // namespace ambit::dbus
