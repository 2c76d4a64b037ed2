#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "bus/options.h"
#include "oci/cgroup.h"
#include "oci/scope_properties.h"

// The calls to systemd's manager that a container's scope takes. Each opens a connection of its
// own: a command makes one of them. What needs libsystemd is behind this header.
namespace ambit::oci {

// A start that is under way: the call was sent, and nobody waits for it yet.
class ScopeStart {
 public:
  struct Request {
    ScopeName name;
    std::string description;
    pid_t pid = 0;
    Authority authority = Authority::User;
    bus::OptionWriter properties;
  };
  // HostUnsupported, with the fix, where there is no bus.
  static Result<ScopeStart> send(Request request);
  ScopeStart(ScopeStart&&) noexcept;
  ScopeStart& operator=(ScopeStart&&) noexcept;
  ~ScopeStart();

  // The scope's cgroup. Errors: those of systemd::start_scope().
  Result<std::string> wait();

 private:
  struct State;
  explicit ScopeStart(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// SetUnitProperties, until the unit's end (runtime).
Result<void> set_scope_properties(const std::string& unit, Authority authority,
                                  const bus::OptionWriter& properties);

// AttachProcessesToUnit: into the unit's own cgroup. From Linux's point of view the manager does
// it, which may where we may not.
Result<void> attach_to_scope(const std::string& unit, Authority authority, pid_t pid);

// The same where no process lives in it; else it is left alone.
Result<void> stop_empty_scope(const std::string& unit, Authority authority);

// Stops the unit and waits until it has. Not loaded is success.
Result<void> stop_scope(const std::string& unit, Authority authority);

}  // namespace ambit::oci
