#include "oci/cgroup_scope.h"

#include <tuple>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "os/cgroup.h"
#include "systemd/unit_name.h"

namespace ambit::oci {
namespace {

using Deadline = dbus::Connection::Deadline;

constexpr int kMaxAttempts = 3;

constexpr char kService[] = "org.freedesktop.systemd1";
constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
// Of the jobs of all clients we are told of our own only: nobody has subscribed to the others.
constexpr char kJobRemoved[] =
    "type='signal',sender='org.freedesktop.systemd1',"
    "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

// The last argument of StartTransientUnit: further units.
using Auxiliary = std::vector<std::tuple<std::string, dbus::Properties>>;

Deadline deadline_from_now() { return std::chrono::steady_clock::now() + ScopeStart::kDeadline; }

Result<dbus::Connection> connect(Authority authority) {
  return dbus::Connection::open(authority == Authority::System ? dbus::BusKind::System
                                                               : dbus::BusKind::User);
}

dbus::Target method(const char* name) {
  return {.destination = kService, .path = kPath, .interface = kManager, .member = name};
}

// A call without a job.
template <typename... Ts>
Result<void> call_manager(dbus::Connection& connection, const char* name, const Ts&... arguments) {
  const std::uint32_t call = connection.call(method(name), arguments...);
  AMBIT_TRY(connection.wait_reply(call, deadline_from_now()).context(name));
  return {};
}

// One value of a scope, or of units in general.
Result<std::string> get_property(dbus::Connection& connection, const std::string& unit,
                                 const char* interface, const char* name) {
  const std::string path = systemd::unit_path(unit);
  const std::uint32_t call = connection.call({.destination = kService,
                                              .path = path,
                                              .interface = "org.freedesktop.DBus.Properties",
                                              .member = "Get"},
                                             std::string(interface), std::string(name));
  const dbus::Received reply = AMBIT_TRY(connection.wait_reply(call, deadline_from_now())
                                             .context(strf("%s of %s", name, unit.c_str())));
  return dbus::Reader(reply.body).string_variant();
}

Result<std::string> control_group(dbus::Connection& connection, const std::string& unit) {
  return get_property(connection, unit, "org.freedesktop.systemd1.Scope", "ControlGroup");
}

struct RemovedJob {
  std::string path;
  std::string result;
};

// JobRemoved(u id, o job, s unit, s result)
Result<RemovedJob> removed_job(const dbus::Received& signal) {
  RemovedJob job;
  dbus::Reader body(signal.body);
  AMBIT_TRY(body.number());
  job.path = AMBIT_TRY(body.string());
  AMBIT_TRY(body.string());
  job.result = AMBIT_TRY(body.string());
  return job;
}

// The end of the job that `call` has queued. The answer names it; only its sender may tell of it.
Result<void> wait_job(dbus::Connection& connection, std::uint32_t call, Deadline deadline) {
  const dbus::Received reply = AMBIT_TRY(connection.wait_reply(call, deadline));
  const std::string path = AMBIT_TRY(dbus::Reader(reply.body).string());
  const dbus::Received signal = AMBIT_TRY(connection.wait_signal(
      [&](const dbus::Received& each) {
        if (each.member != "JobRemoved" || each.sender != reply.sender) return false;
        const auto job = removed_job(each);
        return job && (*job).path == path;
      },
      deadline));
  const RemovedJob job = AMBIT_TRY(removed_job(signal));
  if (job.result == "done") return {};
  return Error(ErrorCode::Io, "the job's result is " + job.result);
}

// Waits until it has stopped.
Result<void> stop_unit(dbus::Connection& connection, const std::string& unit) {
  connection.add_match(kJobRemoved);
  const std::uint32_t call = connection.call(method("StopUnit"), unit, std::string("replace"));
  Result<void> stopped = wait_job(connection, call, deadline_from_now());
  if (!stopped && stopped.error().code() == ErrorCode::NotFound) return {};
  return std::move(stopped).context("StopUnit " + unit);
}

}  // namespace

Result<ScopeStart> ScopeStart::send(Request request) {
  dbus::Connection connection = AMBIT_TRY(connect(request.authority));
  connection.add_match(kJobRemoved);
  ScopeStart scope(std::move(request), std::move(connection));
  AMBIT_TRY(scope.start());
  return scope;
}

Result<void> ScopeStart::start() {
  // Later ones win.
  dbus::Properties properties;
  properties.set("Description", request_.description)
      .set("Slice", request_.name.slice)
      .set("Delegate", true)
      .set("CollectMode", "inactive-or-failed")
      .set("DefaultDependencies", false)
      .add(request_.properties)
      // The number of a child that is not reaped can't be another's.
      .set("PIDs", std::vector<std::uint32_t>{static_cast<std::uint32_t>(request_.pid)});
  call_ = connection_.call(method("StartTransientUnit"), request_.name.unit, std::string("fail"),
                           properties, Auxiliary());
  return connection_.flush();
}

Result<void> ScopeStart::wait_started() {
  for (int attempt = 1;; attempt++) {
    Result<void> started = wait_job(connection_, call_, deadline_);
    if (started || started.error().code() != ErrorCode::AlreadyExists)
      return std::move(started).context("StartTransientUnit");
    if (attempt == kMaxAttempts)
      return Error(ErrorCode::Busy, "the unit of this name does not go away");
    AMBIT_TRY(clear_old_unit(std::move(started).error()));
    AMBIT_TRY(start());
  }
}

// The manager collects a dead unit once it counts as failed no longer. One without processes it
// has not noticed the end of, or never will (a cgroup event that got lost).
Result<void> ScopeStart::clear_old_unit(Error exists) {
  const std::string& unit = request_.name.unit;
  const auto state =
      get_property(connection_, unit, "org.freedesktop.systemd1.Unit", "ActiveState");
  if (!state) return {};  // collected meanwhile
  if (*state != "inactive" && *state != "failed") {
    const auto group = control_group(connection_, unit);
    if (group && os::is_populated_at(*group)) return std::move(exists).context("unit is " + *state);
    AMBIT_TRY(stop_unit(connection_, unit));
  }
  const auto reset = call_manager(connection_, "ResetFailedUnit", unit);
  if (!reset && reset.error().code() != ErrorCode::NotFound) return reset;
  return {};
}

Result<std::string> ScopeStart::verified_group() {
  const std::string& unit = request_.name.unit;
  const std::string group = AMBIT_TRY(control_group(connection_, unit));
  const std::string actual = AMBIT_TRY(os::cgroup_of(request_.pid));
  if (group.empty())
    return Error(ErrorCode::NotFound,
                 strf("%s: its process %d was gone", unit.c_str(), int{request_.pid}));
  if (actual == group) return group;
  return Error(ErrorCode::Io,
               strf("%s: process %d is in cgroup \"%s\" and not in the unit's \"%s\"", unit.c_str(),
                    int{request_.pid}, actual.c_str(), group.c_str()));
}

Result<std::string> ScopeStart::wait() {
  Result<void> started = wait_started();
  Result<std::string> group = started ? verified_group() : std::move(started).error();
  // The unit may be there or come yet: it must not stay, unless it is another's.
  if (!group && group.error().code() != ErrorCode::AlreadyExists)
    (void)stop_unit(connection_, request_.name.unit);
  return std::move(group).context("making the scope");
}

Result<void> set_scope_properties(const std::string& unit, Authority authority,
                                  const dbus::Properties& properties) {
  dbus::Connection connection = AMBIT_TRY(connect(authority));
  return call_manager(connection, "SetUnitProperties", unit, /* runtime */ true, properties)
      .context(unit);
}

Result<void> attach_to_scope(const std::string& unit, Authority authority, pid_t pid) {
  dbus::Connection connection = AMBIT_TRY(connect(authority));
  return call_manager(connection, "AttachProcessesToUnit", unit,
                      /* cgroup below the unit's */ std::string(),
                      std::vector<std::uint32_t>{static_cast<std::uint32_t>(pid)})
      .context(unit);
}

Result<void> stop_scope(const std::string& unit, Authority authority) {
  dbus::Connection connection = AMBIT_TRY(connect(authority));
  return stop_unit(connection, unit);
}

Result<void> stop_empty_scope(const std::string& unit, Authority authority) {
  dbus::Connection connection = AMBIT_TRY(connect(authority));
  const auto group = control_group(connection, unit);
  // Not loaded, or without a cgroup: nothing lives there.
  if (group && os::is_populated_at(*group)) return {};
  return stop_unit(connection, unit);
}

}  // namespace ambit::oci
