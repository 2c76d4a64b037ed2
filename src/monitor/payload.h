#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/poll_set.h"

namespace ambit::monitor {

// A container's cgroup, payload/, and its sibling supervisor/ for us, below the scope that systemd
// made. Everything that runs in the container is in payload/ or below, whatever it forks and
// however it escapes its parent: that is what kill() and is_populated() rest on.
class Payload {
 public:
  Payload() = default;

  // Makes both below the cgroup `scope`, moves this process and `child`, and verifies from /proc
  // that both are where they should be. Fails closed.
  static Result<Payload> place(const std::string& scope, pid_t child);

  // Gives payload/ every controller that the scope has, so that the container's own cgroups can
  // have limits. One that can't be had below (cpu with real-time processes) is told and left out.
  void delegate() const;

  bool exists() const { return static_cast<bool>(payload_); }

  // Where the kernel's OOM killer takes one process of the container it takes them all, and not us.
  // The memory controller is enabled below the scope for it. HostUnsupported where there is none.
  Result<void> die_together() const;

  Result<void> kill() const;
  Result<bool> is_populated() const;

  // Has POLLPRI when the answer of is_populated() may be another than last time.
  int events_fd() const { return events_.get(); }

  // Kills of the kernel's OOM killer in the scope, since it was made for this start; 0 without the
  // memory controller.
  long long oom_kills() const;
  // Has POLLPRI when that may be more than last time; -1 without the controller.
  int memory_events_fd() const { return memory_events_.get(); }

  // Removes payload/ and whatever cgroups the container made below. They may be owned by
  // subordinate ids, which the user's manager can't remove: the caller is in the base user
  // namespace.
  Result<void> remove();

 private:
  UniqueFd scope_;
  UniqueFd payload_;
  UniqueFd events_;
  UniqueFd memory_events_;
};

}  // namespace ambit::monitor
