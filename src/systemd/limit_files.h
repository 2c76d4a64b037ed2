#pragma once

#include <cstdint>
#include <string_view>

#include "spec/limit_lines.h"

// The files of a cgroup that have a property of systemd's, both ways: limit_properties.h has the
// prose.
namespace ambit::systemd {

inline constexpr char kMaxText[] = "max";                       // no limit
inline constexpr std::string_view kDefaultDevice = "default ";  // of io.weight: of every device
inline constexpr std::uint64_t kUsualPeriodUsec = 100'000;      // of cpu.max

// A file with one number.
struct NumberFile {
  std::string_view file;
  const char* property;
  spec::LimitCheck check;
};
inline constexpr NumberFile kNumberFiles[] = {
    {"cpu.weight", "CPUWeight", spec::LimitCheck::Value},
    {"memory.high", "MemoryHigh", spec::LimitCheck::Bytes},
    {"memory.low", "MemoryLow", spec::LimitCheck::Bytes},
    {"memory.max", "MemoryMax", spec::LimitCheck::Bytes},
    {"memory.min", "MemoryMin", spec::LimitCheck::Bytes},
    {"memory.swap.max", "MemorySwapMax", spec::LimitCheck::Bytes},
    {"memory.zswap.max", "MemoryZSwapMax", spec::LimitCheck::Bytes},
    {"pids.max", "TasksMax", spec::LimitCheck::Value},
};

// A file with a list of numbers.
struct SetFile {
  std::string_view file;
  const char* property;
};
inline constexpr SetFile kSetFiles[] = {
    {"cpuset.cpus", "AllowedCPUs"},
    {"cpuset.mems", "AllowedMemoryNodes"},
};

// A device's word in a file with a line for each: "8:0 rbps=1000".
struct DeviceWord {
  std::string_view file;
  std::string_view word;
  const char* property;
};
inline constexpr DeviceWord kDeviceWords[] = {
    {"io.max", "rbps=", "IOReadBandwidthMax"},
    {"io.max", "wbps=", "IOWriteBandwidthMax"},
    {"io.max", "riops=", "IOReadIOPSMax"},
    {"io.max", "wiops=", "IOWriteIOPSMax"},
    {"io.weight", "", "IODeviceWeight"},
    {"io.latency", "target=", "IODeviceLatencyTargetUSec"},
};

}  // namespace ambit::systemd
