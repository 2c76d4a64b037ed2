#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

// What a cgroup's files tell of its use.
namespace ambit::os {

// One line of io.stat's counters: of a device and an operation ("Read", "Write").
struct BlockIoCount {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation;
  std::uint64_t value = 0;
};

struct HugepageStats {
  std::uint64_t usage_bytes = 0;
  std::uint64_t failures = 0;
};

// What a container uses. A limit of UINT64_MAX is none; 0 throughout for a controller that is off.
struct CgroupStats {
  std::uint64_t cpu_total_nsec = 0, cpu_user_nsec = 0, cpu_kernel_nsec = 0;
  std::uint64_t cpu_periods = 0, cpu_throttled_periods = 0, cpu_throttled_nsec = 0;
  std::uint64_t memory_bytes = 0, memory_limit_bytes = 0, memory_max_bytes = 0;
  std::uint64_t memory_failures = 0;  // how often it ran into memory.max
  std::uint64_t page_cache_bytes = 0, kernel_bytes = 0;
  std::uint64_t swap_bytes = 0, swap_limit_bytes = 0, swap_failures = 0;
  std::map<std::string, std::uint64_t> memory_stat;
  std::uint64_t pids = 0, pids_limit = 0;  // a limit of 0 is none
  std::vector<BlockIoCount> io_bytes, io_operations;
  std::map<std::string, HugepageStats> hugepages;  // by size: "2MB"
};

// From a folder with a cgroup's files. ENODEV: the cgroup ended meanwhile.
Result<CgroupStats> read_cgroup_stats(int cgroup_fd);

}  // namespace ambit::os
