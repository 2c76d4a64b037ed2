#include <nlohmann/json.hpp>

#include "spec/resources.h"
#include "spec/runtime_spec_parts.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

template <typename T>
struct NamedNumber {
  const char* name;
  std::optional<std::int64_t> T::*value;
};

constexpr NamedNumber<MemoryLimits> kMemory[] = {
    {"limit", &MemoryLimits::limit_bytes},
    {"reservation", &MemoryLimits::reservation_bytes},
    {"swap", &MemoryLimits::swap_bytes},
    {"kernel", &MemoryLimits::kernel_bytes},
    {"kernelTCP", &MemoryLimits::kernel_tcp_bytes},
    {"swappiness", &MemoryLimits::swappiness},
};

constexpr NamedNumber<CpuLimits> kCpu[] = {
    {"shares", &CpuLimits::shares},
    {"quota", &CpuLimits::quota_usec},
    {"burst", &CpuLimits::burst_usec},
    {"period", &CpuLimits::period_usec},
    {"realtimeRuntime", &CpuLimits::realtime_runtime_usec},
    {"realtimePeriod", &CpuLimits::realtime_period_usec},
    {"idle", &CpuLimits::idle},
};

constexpr NamedNumber<RdmaLimit> kRdma[] = {
    {"hcaHandles", &RdmaLimit::handles},
    {"hcaObjects", &RdmaLimit::objects},
};

struct NamedRates {
  const char* name;
  std::vector<DeviceRate> BlockIoLimits::*rates;
};

constexpr NamedRates kRates[] = {
    {"throttleReadBpsDevice", &BlockIoLimits::read_bps},
    {"throttleWriteBpsDevice", &BlockIoLimits::write_bps},
    {"throttleReadIOPSDevice", &BlockIoLimits::read_iops},
    {"throttleWriteIOPSDevice", &BlockIoLimits::write_iops},
};

// Limits without limit are written as -1, but some writers mean it by the largest number of 64
// bits.
std::optional<std::int64_t> parse_limit(JsonReader& read, const json& object, const char* name) {
  const json& value = read.member(object, name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return -1;
  return read.optional_number<std::int64_t>(object, name);
}

template <typename T, std::size_t N>
void parse_numbers(JsonReader& read, const json& object, const NamedNumber<T> (&names)[N],
                   T& limits) {
  for (const NamedNumber<T>& named : names)
    limits.*named.value = parse_limit(read, object, named.name);
}

template <typename T, std::size_t N>
json write_numbers(const NamedNumber<T> (&names)[N], const T& limits) {
  json object = json::object();
  for (const NamedNumber<T>& named : names) write_optional(object, named.name, limits.*named.value);
  return object;
}

std::optional<MemoryLimits> parse_memory(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  MemoryLimits memory;
  parse_numbers(read, object, kMemory, memory);
  memory.disable_oom_killer = read.optional_boolean(object, "disableOOMKiller");
  memory.check_before_update = read.optional_boolean(object, "checkBeforeUpdate");
  return memory;
}

json write_memory(const MemoryLimits& memory) {
  json object = write_numbers(kMemory, memory);
  write_optional(object, "disableOOMKiller", memory.disable_oom_killer);
  write_optional(object, "checkBeforeUpdate", memory.check_before_update);
  return object;
}

std::optional<CpuLimits> parse_cpu(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  CpuLimits cpu;
  parse_numbers(read, object, kCpu, cpu);
  cpu.cpus = read.string(object, "cpus");
  cpu.mems = read.string(object, "mems");
  return cpu;
}

json write_cpu(const CpuLimits& cpu) {
  json object = write_numbers(kCpu, cpu);
  write_filled(object, "cpus", cpu.cpus);
  write_filled(object, "mems", cpu.mems);
  return object;
}

DeviceWeight parse_weight(JsonReader& read, const json& item) {
  return {.major = read.number<std::int64_t>(item, "major"),
          .minor = read.number<std::int64_t>(item, "minor"),
          .weight = read.optional_number<std::int64_t>(item, "weight"),
          .leaf_weight = read.optional_number<std::int64_t>(item, "leafWeight")};
}

std::optional<BlockIoLimits> parse_block_io(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  BlockIoLimits io;
  io.weight = read.optional_number<std::int64_t>(object, "weight");
  io.leaf_weight = read.optional_number<std::int64_t>(object, "leafWeight");
  for (const json& item : read.array(object, "weightDevice"))
    io.devices.push_back(parse_weight(read, item));
  for (const NamedRates& kind : kRates)
    for (const json& item : read.array(object, kind.name))
      (io.*kind.rates)
          .push_back({.major = read.number<std::int64_t>(item, "major"),
                      .minor = read.number<std::int64_t>(item, "minor"),
                      .rate = read.number<std::uint64_t>(item, "rate")});
  return io;
}

json write_block_io(const BlockIoLimits& io) {
  json object = json::object();
  write_optional(object, "weight", io.weight);
  write_optional(object, "leafWeight", io.leaf_weight);
  for (const DeviceWeight& device : io.devices) {
    json item = {{"major", device.major}, {"minor", device.minor}};
    write_optional(item, "weight", device.weight);
    write_optional(item, "leafWeight", device.leaf_weight);
    object["weightDevice"].push_back(std::move(item));
  }
  for (const NamedRates& kind : kRates)
    for (const DeviceRate& rate : io.*kind.rates)
      object[kind.name].push_back(
          {{"major", rate.major}, {"minor", rate.minor}, {"rate", rate.rate}});
  return object;
}

std::vector<DeviceRule> parse_device_rules(JsonReader& read, const json& object) {
  std::vector<DeviceRule> rules;
  for (const json& item : read.array(object, "devices"))
    rules.push_back({.allow = read.boolean(item, "allow"),
                     .type = read.string(item, "type"),
                     .major = read.optional_number<std::int64_t>(item, "major"),
                     .minor = read.optional_number<std::int64_t>(item, "minor"),
                     .access = read.string(item, "access")});
  return rules;
}

json write_device_rule(const DeviceRule& rule) {
  json item = {{"allow", rule.allow}};
  write_filled(item, "type", rule.type);
  write_optional(item, "major", rule.major);
  write_optional(item, "minor", rule.minor);
  write_filled(item, "access", rule.access);
  return item;
}

void parse_network(JsonReader& read, const json& object, Resources& resources) {
  resources.network_class_id = read.optional_number<std::int64_t>(object, "classID");
  for (const json& item : read.array(object, "priorities"))
    resources.network_priorities.push_back(
        {.interface = read.string(item, "name"),
         .priority = read.number<std::uint32_t>(item, "priority")});
}

json write_network(const Resources& resources) {
  json object = json::object();
  write_optional(object, "classID", resources.network_class_id);
  for (const NetworkPriority& item : resources.network_priorities)
    object["priorities"].push_back({{"name", item.interface}, {"priority", item.priority}});
  return object;
}

void parse_rdma(JsonReader& read, const json& object, Resources& resources) {
  for (const auto& [name, limits] : read.members(object, "rdma"))
    parse_numbers(read, limits, kRdma, resources.rdma[name]);
}

}  // namespace

Resources parse_resources(JsonReader& read, const json& object) {
  Resources resources;
  resources.devices = parse_device_rules(read, object);
  resources.memory = parse_memory(read, read.member(object, "memory"));
  resources.cpu = parse_cpu(read, read.member(object, "cpu"));
  resources.pids_limit = parse_limit(read, read.member(object, "pids"), "limit");
  resources.block_io = parse_block_io(read, read.member(object, "blockIO"));
  for (const json& item : read.array(object, "hugepageLimits"))
    resources.hugepages.push_back({.page_size = read.string(item, "pageSize"),
                                   .limit_bytes = read.number<std::uint64_t>(item, "limit")});
  parse_network(read, read.member(object, "network"), resources);
  parse_rdma(read, object, resources);
  resources.unified = read.map(object, "unified");
  return resources;
}

json write_resources(const Resources& resources) {
  json object = json::object();
  for (const DeviceRule& rule : resources.devices)
    object["devices"].push_back(write_device_rule(rule));
  if (resources.memory) object["memory"] = write_memory(*resources.memory);
  if (resources.cpu) object["cpu"] = write_cpu(*resources.cpu);
  if (resources.pids_limit) object["pids"] = {{"limit", *resources.pids_limit}};
  if (resources.block_io) object["blockIO"] = write_block_io(*resources.block_io);
  for (const HugepageLimit& item : resources.hugepages)
    object["hugepageLimits"].push_back({{"pageSize", item.page_size}, {"limit", item.limit_bytes}});
  write_filled(object, "network", write_network(resources));
  for (const auto& [name, limits] : resources.rdma)
    object["rdma"][name] = write_numbers(kRdma, limits);
  write_filled(object, "unified", resources.unified);
  return object;
}

Result<Resources> parse_resources(std::string_view text) {
  JsonReader read("resources");
  const json document = AMBIT_TRY(read.parse(text));
  Resources resources = parse_resources(read, document);
  AMBIT_TRY(read.check());
  return resources;
}

}  // namespace ambit::spec
