#pragma once

#include <vector>

#include "base/result.h"
#include "spec/limit_lines.h"
#include "systemd/property_value.h"

// Which property of systemd's stands for which file of the kernel, both ways:
//
//   memory.max high low min swap.max, pids.max    MemoryMax High Low Min SwapMax, TasksMax
//   cpu.weight, cpu.idle                          CPUWeight (0 is idle)
//   cpu.max                                       CPUQuotaPerSecUSec, CPUQuotaPeriodUSec
//   cpuset.cpus, cpuset.mems                      AllowedCPUs, AllowedMemoryNodes
//   io.weight (default, devices), io.latency      IOWeight, IODeviceWeight,
//   IODeviceLatencyTargetUSec io.max IO{Read,Write}{Bandwidth,IOPS}Max
namespace ambit::systemd {

// A quota becomes µs in each second, rounded up to the whole percents in which systemd remembers
// it. Files that systemd has no property for are left out. InvalidArgument names a bad line.
Result<UnitProperties> limit_properties(const std::vector<spec::LimitLine>& lines);

// What the kernel's files have to say when systemd has done what the properties ask; for a
// percentage of the machine's, anything but no limit. Properties without a file (accounting, OOM
// policies, dependencies) have no line. Errors: those of os::disk_of(), for a device.
Result<std::vector<spec::LimitLine>> expected_lines(const UnitProperties& properties);

}  // namespace ambit::systemd
