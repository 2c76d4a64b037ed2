#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "cli/parser.h"
#include "spec/limit_lines.h"
#include "systemd/unit_property.h"

namespace ambit::cli {

// Limits as they were typed: docker's options and systemd's properties.
struct LimitFlags {
  std::optional<std::string> memory, memory_swap, memory_reservation, cpus, cpu_shares, cpu_weight,
      cpu_quota, cpu_period, cpuset_cpus, cpuset_mems, pids_limit, io_weight, blkio_weight;
  std::vector<std::string> device_read_bps, device_write_bps, device_read_iops, device_write_iops,
      blkio_weight_device, properties, short_p;
  // Of a new container alone.
  std::optional<std::string> oom_policy, oom_score_adj, shm_size, cgroup_parent;
};

// What `ambit update` takes.
void add_limit_flags(Parser& parser, LimitFlags& flags);
// All of it, for `ambit run` and `ambit create`.
void add_create_limit_flags(Parser& parser, LimitFlags& flags);

// As systemd's properties; docs/run-options.md has the table. `current` is what is in force in the
// container that they are for: a limit of swap includes that of memory, a quota has a period.
// InvalidArgument names the flag and shows its value.
Result<systemd::UnitProperties> limit_properties(const LimitFlags& flags,
                                                 const spec::CurrentLimits& current = {});
// Whether `current` makes a difference.
bool needs_current(const LimitFlags& flags);

// As options of CreateContainer. Without --memory-swap a container may swap as much as its memory.
Result<void> set_limit_options(const LimitFlags& flags, bus::OptionWriter& options);

}  // namespace ambit::cli
