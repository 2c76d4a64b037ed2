#include <nlohmann/json.hpp>
#include <utility>

#include "oci/stats.h"

// The shape of `runc events --stats`: what runc leaves out where it is zero is left out here too.
namespace ambit::oci {
namespace {

using Json = nlohmann::ordered_json;

void set_unless_zero(Json& object, const char* name, std::uint64_t value) {
  if (value != 0) object[name] = value;
}

struct MemoryNumbers {
  std::uint64_t limit = 0, usage = 0, max = 0, failures = 0;
};

Json memory_entry(const MemoryNumbers& numbers) {
  Json entry = Json::object();
  entry["limit"] = numbers.limit;
  set_unless_zero(entry, "usage", numbers.usage);
  set_unless_zero(entry, "max", numbers.max);
  entry["failcnt"] = numbers.failures;
  return entry;
}

Json cpu_json(const Stats& stats) {
  Json usage = Json::object();
  set_unless_zero(usage, "total", stats.cpu_total_nsec);
  usage["kernel"] = stats.cpu_kernel_nsec;
  usage["user"] = stats.cpu_user_nsec;
  Json throttling = Json::object();
  set_unless_zero(throttling, "periods", stats.cpu_periods);
  set_unless_zero(throttling, "throttledPeriods", stats.cpu_throttled_periods);
  set_unless_zero(throttling, "throttledTime", stats.cpu_throttled_nsec);
  return Json{{"usage", std::move(usage)}, {"throttling", std::move(throttling)}};
}

// What cgroup v1 counted; runc prints it all the same.
Json cpuset_json() {
  Json cpuset = Json::object();
  for (const char* name :
       {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
        "memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"})
    cpuset[name] = 0;
  return cpuset;
}

Json memory_json(const Stats& stats) {
  Json memory = Json::object();
  set_unless_zero(memory, "cache", stats.page_cache_bytes);
  memory["usage"] = memory_entry({.limit = stats.memory_limit_bytes,
                                  .usage = stats.memory_bytes,
                                  .max = stats.memory_max_bytes,
                                  .failures = stats.memory_failures});
  // As cgroup v1 had it: memory and swap together.
  const bool unlimited =
      stats.memory_limit_bytes == UINT64_MAX || stats.swap_limit_bytes == UINT64_MAX;
  memory["swap"] = memory_entry(
      {.limit = unlimited ? UINT64_MAX : stats.memory_limit_bytes + stats.swap_limit_bytes,
       .usage = stats.memory_bytes + stats.swap_bytes,
       .failures = stats.swap_failures});
  memory["kernel"] = memory_entry({.usage = stats.kernel_bytes});
  memory["kernelTCP"] = memory_entry({});
  if (!stats.memory_stat.empty()) memory["raw"] = stats.memory_stat;
  return memory;
}

Json io_entries(const std::vector<BlockIoCount>& counts) {
  Json entries = Json::array();
  for (const BlockIoCount& count : counts) {
    Json entry = Json::object();
    set_unless_zero(entry, "major", count.major);
    set_unless_zero(entry, "minor", count.minor);
    entry["op"] = count.operation;
    set_unless_zero(entry, "value", count.value);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Json io_json(const Stats& stats) {
  Json io = Json::object();
  if (!stats.io_bytes.empty()) io["ioServiceBytesRecursive"] = io_entries(stats.io_bytes);
  if (!stats.io_operations.empty()) io["ioServicedRecursive"] = io_entries(stats.io_operations);
  return io;
}

Json hugepages_json(const Stats& stats) {
  Json sizes = Json::object();
  for (const auto& [size, pages] : stats.hugepages) {
    Json entry = Json::object();
    set_unless_zero(entry, "usage", pages.usage_bytes);
    entry["failcnt"] = pages.failures;
    sizes[size] = std::move(entry);
  }
  return sizes;
}

}  // namespace

std::string write_stats_json(const Stats& stats, const std::string& container_id) {
  Json pids = Json::object();
  set_unless_zero(pids, "current", stats.pids);
  set_unless_zero(pids, "limit", stats.pids_limit);
  Json data = Json::object();
  data["cpu"] = cpu_json(stats);
  data["cpuset"] = cpuset_json();
  data["memory"] = memory_json(stats);
  data["pids"] = std::move(pids);
  data["blkio"] = io_json(stats);
  data["hugetlb"] = hugepages_json(stats);
  data["intel_rdt"] = Json::object();
  data["network_interfaces"] = nullptr;
  Json event = Json::object();
  event["type"] = "stats";
  event["id"] = container_id;
  event["data"] = std::move(data);
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ambit::oci
