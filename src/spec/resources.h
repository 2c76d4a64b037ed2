#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The member "linux.resources" (runtime specification, config-linux.md, "Control groups"). What is
// not set is not limited, or stays as it is; -1 is without limit.
namespace ambit::spec {

struct MemoryLimits {
  std::optional<std::int64_t> limit_bytes;
  std::optional<std::int64_t> reservation_bytes;
  std::optional<std::int64_t> swap_bytes;  // memory and swap together
  std::optional<std::int64_t> kernel_bytes;
  std::optional<std::int64_t> kernel_tcp_bytes;
  std::optional<std::int64_t> swappiness;
  std::optional<bool> disable_oom_killer;
  std::optional<bool> check_before_update;
};

struct CpuLimits {
  std::optional<std::int64_t> shares;
  std::optional<std::int64_t> quota_usec;
  std::optional<std::int64_t> burst_usec;
  std::optional<std::int64_t> period_usec;
  std::optional<std::int64_t> realtime_runtime_usec;
  std::optional<std::int64_t> realtime_period_usec;
  std::optional<std::int64_t> idle;
  std::string cpus;  // "0-3,6"
  std::string mems;
};

struct DeviceWeight {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::int64_t> weight;
  std::optional<std::int64_t> leaf_weight;
};

struct DeviceRate {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;  // bytes or operations a second
};

struct BlockIoLimits {
  std::optional<std::int64_t> weight;
  std::optional<std::int64_t> leaf_weight;
  std::vector<DeviceWeight> devices;
  std::vector<DeviceRate> read_bps, write_bps, read_iops, write_iops;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  std::uint64_t limit_bytes = 0;
};

struct RdmaLimit {
  std::optional<std::int64_t> handles;
  std::optional<std::int64_t> objects;
};

// A rule of the device allow-list.
struct DeviceRule {
  bool allow = false;
  std::string type;  // "a", "b", "c"; "" is "a"
  std::optional<std::int64_t> major;
  std::optional<std::int64_t> minor;
  std::string access;  // of "rwm"
};

struct NetworkPriority {
  std::string interface;
  std::uint32_t priority = 0;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<MemoryLimits> memory;
  std::optional<CpuLimits> cpu;
  std::optional<std::int64_t> pids_limit;
  std::optional<BlockIoLimits> block_io;
  std::vector<HugepageLimit> hugepages;
  std::optional<std::int64_t> network_class_id;
  std::vector<NetworkPriority> network_priorities;
  std::map<std::string, RdmaLimit> rdma;
  std::map<std::string, std::string> unified;  // files of cgroup v2 and their content
};

// Corrupt, naming the member that is wrong.
Result<Resources> parse_resources(std::string_view json);

}  // namespace ambit::spec
