#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/resources.h"

// linux.resources as lines for the files of a cgroup v2, without touching any. What systemd gets as
// properties is made from the same lines (systemd/limit_properties.h), so there is one place that
// knows what a resource means.
namespace ambit::spec {

// How to tell from a file's content that a line is in force.
enum class LimitCheck {
  Value,  // the content is the line
  Bytes,  // a number, rounded down by the kernel to whole pages; or "max"
  Cpus,   // a list of numbers and ranges, in whatever form
  Entry,  // one line of several: same first word (a device, "default"), the others among its words
  Quota,  // cpu.max: the words that are given ("50000" alone leaves the period as it is)
  Limited,  // any limit: a percentage of what the machine has
  None,     // not a limit, or a file that we do not know: a write that succeeds is enough
};

struct LimitLine {
  std::string file;
  std::string value;
  LimitCheck check = LimitCheck::Value;
  // Where `file` is missing and this one is there, the line is left out.
  std::string unless_file;
};

// What is in force before: an update of one number may need another.
struct CurrentLimits {
  std::string memory_max = "max";
  std::string cpu_quota = "max";
  std::int64_t cpu_period_usec = 100'000;
};

// Lines in the order in which they have to be written; `unified` last and in the place of what they
// repeat. Empty where nothing is limited. Values, as the kernel's and the other runtimes' rules for
// cgroup v2 have them:
//
//   cpu.shares             cpu.weight, 1 + (shares - 2) * 9999 / 262142; not with cpu.idle
//   memory.reservation     memory.low
//   memory.swap            memory.swap.max = swap - limit; unset with an unlimited memory: "max"
//   blockIO.weight         io.weight, 1 + (weight - 10) * 9999 / 990, and io.bfq.weight as it is
//   blockIO.weightDevice   io.bfq.weight, a device's line
//   -1, where it may be    "max"; 0 of shares, quota, period, swap, pids, weight is as if not set
//
// InvalidArgument names the member that is wrong. Unsupported: what only cgroup v1 has and asks for
// something: memory.kernel, kernelTCP, swappiness, disableOOMKiller true, cpu.realtimeRuntime and
// realtimePeriod, leafWeight, network.classID and priorities.
Result<std::vector<LimitLine>> limit_lines(const Resources& resources,
                                           const CurrentLimits& current = {});

// Whether what the kernel says of `line.file` is what the line asks for.
bool is_in_force(const LimitLine& line, std::string_view content);

// Whether anything but leaving things as they are is asked for: "max" needs no controller.
bool is_unlimited(const LimitLine& line);

// The controller that has a file, "memory" of "memory.max"; "" for files of every cgroup
// ("cgroup.*").
std::string controller_of(std::string_view file);

// "0-3,6" as a set of bits, the lowest first, as systemd takes AllowedCPUs. InvalidArgument names
// it.
Result<std::vector<std::uint8_t>> cpu_mask(std::string_view list);

}  // namespace ambit::spec
