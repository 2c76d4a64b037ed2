#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "dbus/connection.h"
#include "oci/cgroup.h"
#include "oci/scope_properties.h"

// The calls to systemd's manager that a container's scope takes. Each opens a connection of its
// own: a command makes one of them.
namespace ambit::oci {

// A transient scope of a process that is running, with Delegate=yes and without dependencies:
// whoever made the container has an order of his own for the shutdown. systemd stops it in its own
// way, and it goes away with its last process.
class ScopeStart {
 public:
  static constexpr std::chrono::seconds kDeadline{30};

  struct Request {
    ScopeName name;
    std::string description;
    pid_t pid = 0;  // a child of ours that is not reaped; it must not inherit the connection
    Authority authority = Authority::User;
    dbus::Properties properties;  // over ours
  };
  // Asks for the scope; nobody waits for it yet. HostUnsupported, with the fix, where there is no
  // bus.
  static Result<ScopeStart> send(Request request);

  // The scope's cgroup, once the job's result is "done" and the kernel has the process in the
  // cgroup that the manager names. A dead unit of the same name that was not collected is cleared
  // away first. Whatever was made of the unit is stopped where it fails:
  //   AlreadyExists  a unit of that name is really running
  //   Timeout        the manager did not answer in 30 s
  //   NotFound       the process was gone
  //   Io             anything else
  Result<std::string> wait();

 private:
  ScopeStart(Request request, dbus::Connection connection)
      : request_(std::move(request)),
        connection_(std::move(connection)),
        deadline_(std::chrono::steady_clock::now() + kDeadline) {}

  Result<void> start();
  Result<void> wait_started();
  Result<std::string> verified_group();
  Result<void> clear_old_unit(Error exists);

  Request request_;
  dbus::Connection connection_;
  std::uint32_t call_ = 0;
  dbus::Connection::Deadline deadline_;
};

// SetUnitProperties, until the unit's end (runtime).
Result<void> set_scope_properties(const std::string& unit, Authority authority,
                                  const dbus::Properties& properties);

// AttachProcessesToUnit: into the unit's own cgroup. From Linux's point of view the manager does
// it, which may where we may not.
Result<void> attach_to_scope(const std::string& unit, Authority authority, pid_t pid);

// Stops the unit and waits until it has. Not loaded is success.
Result<void> stop_scope(const std::string& unit, Authority authority);

// The same where no process lives in it; else it is left alone.
Result<void> stop_empty_scope(const std::string& unit, Authority authority);

}  // namespace ambit::oci
