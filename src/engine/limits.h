#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/limit_lines.h"
#include "spec/limit_options.h"
#include "systemd/scope.h"
#include "systemd/unit_property.h"

// A container's limits: systemd's properties of its scope.
namespace ambit::engine {

// InvalidArgument names the property or option that can't be met; asks neither kernel nor systemd.
Result<void> check_limits(const spec::LimitOptions& limits);

// What a start asks of systemd, and what the kernel has to say then. Empty without limits.
struct LimitPlan {
  systemd::UnitProperties properties;
  std::vector<spec::LimitLine> expected;
  bool oom_group = false;  // the monitor's business
};

// InvalidArgument as above. HostUnsupported, with the fix, where a controller is missing in
// `manager_group` (the cgroup of the user's manager; "": not known, to be found out later).
Result<LimitPlan> plan_limits(const spec::LimitOptions& limits, const std::string& manager_group);

// The plan's properties, of which two are the scope's own business: slice and OOM policy. With
// "kill" systemd would have the kernel kill the monitor, too: it is told "continue", and the
// monitor says it of the container's cgroup.
void add_limits(const LimitPlan& plan, systemd::ScopeOptions& scope);

// `changes` over what there is; true where that makes a difference.
bool change_limits(spec::LimitOptions& limits, const systemd::UnitProperties& changes);

// Those of `lines` ("MemoryMax=1024", as in a unit's drop-ins) that are a resource's; others, as
// somebody's Description, are left out.
systemd::UnitProperties resources_of(const std::vector<std::string>& lines);

}  // namespace ambit::engine
