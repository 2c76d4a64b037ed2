#pragma once

#include <string_view>

#include "spec/limit_lines.h"

namespace ambit::systemd {

// A file of a cgroup with one number, and its property.
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

}  // namespace ambit::systemd
