#include "cli/limit_flags.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "base/amounts.h"
#include "base/strings.h"
#include "systemd/limit_properties.h"

namespace ambit::cli {
namespace {

using Text = std::optional<std::string>;

constexpr std::int64_t kUnlimited = -1;
constexpr std::int64_t kUsualPeriodUsec = 100'000;

Error wrong(const char* flag, const std::string& value, const char* why) {
  return Error(ErrorCode::InvalidArgument, strf("%s '%s': %s", flag, value.c_str(), why));
}

std::string context(const char* flag, const std::string& value) {
  return strf("%s '%s'", flag, value.c_str());
}

// 0 and -1 are how docker says that there is no limit.
bool is_unlimited(const std::string& text) {
  return text == "-1" || text == "0" || text == "max" || text == "unlimited" || text == "infinity";
}

Result<void> set_bytes(const char* flag, const Text& text, std::optional<std::int64_t>& target) {
  if (!text) return {};
  if (is_unlimited(*text)) {
    target = kUnlimited;
    return {};
  }
  const std::uint64_t bytes = AMBIT_TRY(parse_size(*text).context(flag));
  if (bytes > INT64_MAX) return wrong(flag, *text, "is too much");
  target = static_cast<std::int64_t>(bytes);
  return {};
}

Result<void> set_number(const char* flag, const Text& text, std::optional<std::int64_t>& target) {
  if (text) target = AMBIT_TRY(parse_int(*text).context(flag));
  return {};
}

Result<void> set_memory(const LimitFlags& flags, spec::Resources& resources) {
  spec::MemoryLimits memory;
  AMBIT_TRY(set_bytes("--memory", flags.memory, memory.limit_bytes));
  AMBIT_TRY(set_bytes("--memory-swap", flags.memory_swap, memory.swap_bytes));
  AMBIT_TRY(set_bytes("--memory-reservation", flags.memory_reservation, memory.reservation_bytes));
  // docker: "unset".
  if (flags.memory_swap == "0") memory.swap_bytes.reset();
  if (memory.limit_bytes || memory.swap_bytes || memory.reservation_bytes)
    resources.memory = memory;
  return {};
}

// "1.5" CPUs as a quota of the usual period.
Result<std::int64_t> quota_of(const std::string& cpus) {
  if (is_unlimited(cpus)) return kUnlimited;
  const auto millionths = parse_percent(cpus + "%");  // of a hundredth
  if (!millionths || *millionths == 0 || *millionths > 100'000'000'000)
    return wrong("--cpus", cpus, "is no number of CPUs, such as 1.5");
  return static_cast<std::int64_t>(
      std::llround(static_cast<double>(*millionths) / 1e4 * kUsualPeriodUsec));
}

Result<void> set_cpu(const LimitFlags& flags, spec::Resources& resources) {
  spec::CpuLimits cpu;
  AMBIT_TRY(set_number("--cpu-shares", flags.cpu_shares, cpu.shares));
  AMBIT_TRY(set_number("--cpu-quota", flags.cpu_quota, cpu.quota_usec));
  AMBIT_TRY(set_number("--cpu-period", flags.cpu_period, cpu.period_usec));
  if (flags.cpus && (flags.cpu_quota || flags.cpu_period))
    return wrong("--cpus", *flags.cpus, "says the same as --cpu-quota and --cpu-period");
  if (flags.cpu_shares && flags.cpu_weight)
    return wrong("--cpu-shares", *flags.cpu_shares, "says the same as --cpu-weight");
  if (flags.cpus) {
    cpu.quota_usec = AMBIT_TRY(quota_of(*flags.cpus));
    cpu.period_usec = kUsualPeriodUsec;
  }
  cpu.cpus = flags.cpuset_cpus.value_or("");
  cpu.mems = flags.cpuset_mems.value_or("");
  resources.cpu = std::move(cpu);
  return {};
}

Result<spec::Resources> resources_of(const LimitFlags& flags) {
  spec::Resources resources;
  AMBIT_TRY(set_memory(flags, resources));
  AMBIT_TRY(set_cpu(flags, resources));
  AMBIT_TRY(set_number("--pids-limit", flags.pids_limit, resources.pids_limit));
  if (resources.pids_limit == 0) resources.pids_limit = kUnlimited;
  if (flags.blkio_weight) {
    if (flags.io_weight)
      return wrong("--blkio-weight", *flags.blkio_weight, "says the same as --io-weight");
    spec::BlockIoLimits io;
    AMBIT_TRY(set_number("--blkio-weight", flags.blkio_weight, io.weight));
    resources.block_io = std::move(io);
  }
  return resources;
}

Result<void> merge(systemd::UnitProperties& properties, const char* flag, const std::string& value,
                   const std::string& assignment) {
  auto property = systemd::parse_property(assignment);
  if (!property) return std::move(property).error().context(context(flag, value));
  systemd::merge_properties(properties, {*std::move(property)});
  return {};
}

// "/dev/sda:10mb": path and rate.
Result<void> merge_rates(systemd::UnitProperties& properties, const char* flag, const char* name,
                         const std::vector<std::string>& values) {
  const bool is_bytes = std::string_view(name).find("Bandwidth") != std::string_view::npos;
  for (const std::string& value : values) {
    const std::size_t colon = value.rfind(':');
    if (colon == std::string::npos || value[0] != '/')
      return wrong(flag, value, "is no device and rate, such as /dev/sda:10m");
    const std::string text = value.substr(colon + 1);
    const auto rate = is_unlimited(text) ? Result<std::uint64_t>(UINT64_MAX)
                      : is_bytes         ? parse_size(text)
                                         : parse_uint(text);
    if (!rate) return Error(rate.error()).context(context(flag, value));
    systemd::merge_properties(properties,
                              {{name, systemd::DeviceNumbers{{value.substr(0, colon), *rate}}}});
  }
  return {};
}

// docker's weights are of 10 to 1000, the kernel's of 1 to 10000.
Result<void> merge_device_weights(systemd::UnitProperties& properties,
                                  const std::vector<std::string>& values) {
  constexpr const char* kFlag = "--blkio-weight-device";
  for (const std::string& value : values) {
    const std::size_t colon = value.rfind(':');
    const auto weight =
        colon == std::string::npos ? parse_uint("") : parse_uint(value.substr(colon + 1));
    if (!weight || *weight < 10 || *weight > 1000 || value[0] != '/')
      return wrong(kFlag, value, "is no device and weight of 10 to 1000, such as /dev/sda:300");
    const std::uint64_t scaled = 1 + (*weight - 10) * 9999 / 990;
    systemd::merge_properties(
        properties, {{"IODeviceWeight", systemd::DeviceNumbers{{value.substr(0, colon), scaled}}}});
  }
  return {};
}

// -p is docker's --publish, too, and no port begins with a capital letter.
bool is_assignment(const std::string& text) {
  const std::string name = text.substr(0, text.find('='));
  return name.size() < text.size() && name[0] >= 'A' && name[0] <= 'Z' &&
         name.find(':') == std::string::npos;
}

Result<void> merge_properties_of(const LimitFlags& flags, systemd::UnitProperties& properties) {
  if (flags.cpu_weight)
    AMBIT_TRY(
        merge(properties, "--cpu-weight", *flags.cpu_weight, "CPUWeight=" + *flags.cpu_weight));
  if (flags.io_weight)
    AMBIT_TRY(merge(properties, "--io-weight", *flags.io_weight, "IOWeight=" + *flags.io_weight));
  AMBIT_TRY(
      merge_rates(properties, "--device-read-bps", "IOReadBandwidthMax", flags.device_read_bps));
  AMBIT_TRY(
      merge_rates(properties, "--device-write-bps", "IOWriteBandwidthMax", flags.device_write_bps));
  AMBIT_TRY(merge_rates(properties, "--device-read-iops", "IOReadIOPSMax", flags.device_read_iops));
  AMBIT_TRY(
      merge_rates(properties, "--device-write-iops", "IOWriteIOPSMax", flags.device_write_iops));
  AMBIT_TRY(merge_device_weights(properties, flags.blkio_weight_device));
  for (const std::string& each : flags.properties)
    AMBIT_TRY(merge(properties, "--property", each, each));
  for (const std::string& each : flags.short_p) {
    if (!is_assignment(each))
      return wrong("-p", each,
                   "ports can't be published yet; a property of the unit is NAME=VALUE, such as "
                   "MemoryMax=64M");
    AMBIT_TRY(merge(properties, "-p", each, each));
  }
  return {};
}

}  // namespace

void add_limit_flags(Parser& parser, LimitFlags& flags) {
  parser.value("-m,--memory", flags.memory, "BYTES", "memory at most; 64m, 1.5g");
  parser.value("--memory-swap", flags.memory_swap, "BYTES",
               "memory and swap together; -1: no limit of swap");
  parser.value("--memory-reservation", flags.memory_reservation, "BYTES",
               "memory that is taken from it last");
  parser.value("--cpus", flags.cpus, "NUMBER", "CPU time at most; 1.5");
  parser.value("-c,--cpu-shares", flags.cpu_shares, "SHARES", "share of the CPU, 2 to 262144");
  parser.value("--cpu-weight", flags.cpu_weight, "WEIGHT", "the same, 1 to 10000 or idle");
  parser.value("--cpu-quota", flags.cpu_quota, "USEC", "CPU time at most in each period");
  parser.value("--cpu-period", flags.cpu_period, "USEC", "the period; default: 100000");
  parser.value("--cpuset-cpus", flags.cpuset_cpus, "LIST", "CPUs it may use; 0-3,6");
  parser.value("--cpuset-mems", flags.cpuset_mems, "LIST", "memory nodes it may use");
  parser.value("--pids-limit", flags.pids_limit, "NUMBER", "processes at most; -1: no limit");
  parser.value("--io-weight", flags.io_weight, "WEIGHT", "share of the disks, 1 to 10000");
  parser.value("--blkio-weight", flags.blkio_weight, "WEIGHT", "the same, 10 to 1000");
  parser.list("--blkio-weight-device", flags.blkio_weight_device, "DEVICE:WEIGHT",
              "share of one disk");
  parser.list("--device-read-bps", flags.device_read_bps, "DEVICE:BYTES", "read rate at most");
  parser.list("--device-write-bps", flags.device_write_bps, "DEVICE:BYTES", "write rate at most");
  parser.list("--device-read-iops", flags.device_read_iops, "DEVICE:NUMBER",
              "reads a second at most");
  parser.list("--device-write-iops", flags.device_write_iops, "DEVICE:NUMBER",
              "writes a second at most");
  parser.list("--property", flags.properties, "NAME=VALUE",
              "any property of the unit, as systemd-run has it");
  parser.list("-p", flags.short_p, "NAME=VALUE", "the same");
}

void add_create_limit_flags(Parser& parser, LimitFlags& flags) {
  add_limit_flags(parser, flags);
  parser.value("--oom-policy", flags.oom_policy, "POLICY",
               "when memory is short: continue (default), stop or kill all of it");
  parser.value("--oom-score-adj", flags.oom_score_adj, "NUMBER",
               "whom the kernel kills first; up to 1000");
  parser.value("--shm-size", flags.shm_size, "BYTES", "size of /dev/shm; default: 64m");
  parser.value("--cgroup-parent", flags.cgroup_parent, "SLICE",
               "slice of the unit; default: ambit.slice");
}

Result<systemd::UnitProperties> limit_properties(const LimitFlags& flags,
                                                 const spec::CurrentLimits& current) {
  const spec::Resources resources = AMBIT_TRY(resources_of(flags));
  const auto lines = AMBIT_TRY(spec::limit_lines(resources, current));
  systemd::UnitProperties properties = AMBIT_TRY(systemd::limit_properties(lines));
  if (flags.oom_policy)
    AMBIT_TRY(
        merge(properties, "--oom-policy", *flags.oom_policy, "OOMPolicy=" + *flags.oom_policy));
  if (flags.cgroup_parent)
    AMBIT_TRY(merge(properties, "--cgroup-parent", *flags.cgroup_parent,
                    "Slice=" + *flags.cgroup_parent));
  AMBIT_TRY(merge_properties_of(flags, properties));
  return properties;
}

bool needs_current(const LimitFlags& flags) {
  const bool is_swap_alone = flags.memory_swap && !flags.memory;
  return is_swap_alone || flags.cpu_quota.has_value() != flags.cpu_period.has_value();
}

Result<void> set_limit_options(const LimitFlags& flags, bus::OptionWriter& options) {
  const bool has_memory = flags.memory && !is_unlimited(*flags.memory);
  const bool has_swap = flags.memory_swap && *flags.memory_swap != "0";
  systemd::UnitProperties properties = AMBIT_TRY(limit_properties(flags));
  const auto* memory = systemd::find_property(properties, "MemoryMax");
  if (has_memory && !has_swap && memory != nullptr &&
      systemd::find_property(properties, "MemorySwapMax") == nullptr)
    properties.push_back({"MemorySwapMax", *memory});
  if (!properties.empty()) options.set("Properties", std::move(properties));
  if (flags.oom_score_adj) {
    const std::int64_t score =
        AMBIT_TRY(parse_int(*flags.oom_score_adj).context("--oom-score-adj"));
    if (score < -1000 || score > 1000)
      return wrong("--oom-score-adj", *flags.oom_score_adj, "is not of -1000 to 1000");
    options.set("OomScoreAdjust", static_cast<std::int32_t>(score));
  }
  if (flags.shm_size)
    options.set("ShmSizeBytes", AMBIT_TRY(parse_size(*flags.shm_size).context("--shm-size")));
  return {};
}

}  // namespace ambit::cli
