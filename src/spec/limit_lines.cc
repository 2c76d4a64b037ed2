#include "spec/limit_lines.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace ambit::spec {
namespace {

using Lines = std::vector<LimitLine>;

constexpr char kMax[] = "max";

Error v1_only(const std::string& member) {
  return Error(ErrorCode::Unsupported, member + ": only cgroup v1 has it, and ambit needs v2");
}

Error wrong(const std::string& member, const std::string& why) {
  return Error(ErrorCode::InvalidArgument, member + ": " + why);
}

bool asks(const std::optional<std::int64_t>& value) { return value && *value != 0; }

// -1 is "max".
Result<std::string> amount(std::int64_t value, const char* member) {
  if (value == -1) return std::string(kMax);
  if (value < 0) return wrong(member, strf("%lld is negative", static_cast<long long>(value)));
  return std::to_string(value);
}

Result<void> refuse_v1(const Resources& resources) {
  if (resources.memory) {
    const MemoryLimits& memory = *resources.memory;
    if (asks(memory.kernel_bytes) && *memory.kernel_bytes != -1) return v1_only("memory.kernel");
    if (asks(memory.kernel_tcp_bytes) && *memory.kernel_tcp_bytes != -1)
      return v1_only("memory.kernelTCP");
    if (memory.swappiness) return v1_only("memory.swappiness");
    if (memory.disable_oom_killer && *memory.disable_oom_killer)
      return v1_only("memory.disableOOMKiller");
  }
  if (resources.cpu) {
    if (asks(resources.cpu->realtime_runtime_usec)) return v1_only("cpu.realtimeRuntime");
    if (asks(resources.cpu->realtime_period_usec)) return v1_only("cpu.realtimePeriod");
  }
  if (resources.block_io) {
    if (asks(resources.block_io->leaf_weight)) return v1_only("blockIO.leafWeight");
    for (const DeviceWeight& device : resources.block_io->devices)
      if (asks(device.leaf_weight)) return v1_only("blockIO.weightDevice.leafWeight");
  }
  if (asks(resources.network_class_id)) return v1_only("network.classID");
  if (!resources.network_priorities.empty()) return v1_only("network.priorities");
  return {};
}

// Memory and swap together become swap alone.
Result<std::optional<std::string>> swap_of(const MemoryLimits& memory,
                                           const CurrentLimits& current) {
  const std::int64_t swap = memory.swap_bytes.value_or(0);
  // An unlimited memory with limited swap is what v1 could not have: nobody asked for it.
  if (swap == 0) return memory.limit_bytes == -1 ? std::optional<std::string>(kMax) : std::nullopt;
  if (swap == -1) return std::optional<std::string>(kMax);
  if (swap < 0) return wrong("memory.swap", strf("%lld is negative", static_cast<long long>(swap)));
  std::int64_t limit = memory.limit_bytes.value_or(0);
  if (limit == 0 && current.memory_max != kMax) limit = AMBIT_TRY(parse_int(current.memory_max));
  if (limit <= 0) return wrong("memory.swap", "a limit of swap needs a limit of memory");
  if (swap < limit)
    return wrong("memory.swap", strf("%lld is less than the %lld of memory, which it includes",
                                     static_cast<long long>(swap), static_cast<long long>(limit)));
  return std::optional<std::string>(std::to_string(swap - limit));
}

Result<void> add_memory(const MemoryLimits& memory, const CurrentLimits& current, Lines& lines) {
  const auto swap = AMBIT_TRY(swap_of(memory, current));
  if (swap) lines.push_back({"memory.swap.max", *swap, LimitCheck::Bytes});
  if (asks(memory.limit_bytes)) {
    const std::string limit = AMBIT_TRY(amount(*memory.limit_bytes, "memory.limit"));
    lines.push_back({"memory.max", limit, LimitCheck::Bytes});
  }
  if (asks(memory.reservation_bytes)) {
    const std::string low = AMBIT_TRY(amount(*memory.reservation_bytes, "memory.reservation"));
    lines.push_back({"memory.low", low, LimitCheck::Bytes});
  }
  return {};
}

// Kernel: quota and period in one file, and a burst of at most the quota.
Result<void> add_quota(const CpuLimits& cpu, const CurrentLimits& current, Lines& lines) {
  if (cpu.burst_usec && *cpu.burst_usec < 0) return wrong("cpu.burst", "is negative");
  // The burst of before may be more than the new quota, which the kernel would refuse.
  if (cpu.burst_usec) lines.push_back({"cpu.max.burst", "0", LimitCheck::None});
  if (asks(cpu.quota_usec) || asks(cpu.period_usec)) {
    const std::string quota =
        asks(cpu.quota_usec) ? AMBIT_TRY(amount(*cpu.quota_usec, "cpu.quota")) : current.cpu_quota;
    const std::int64_t period = asks(cpu.period_usec) ? *cpu.period_usec : current.cpu_period_usec;
    if (period < 0) return wrong("cpu.period", "is negative");
    lines.push_back({"cpu.max", quota + " " + std::to_string(period), LimitCheck::Quota});
  }
  if (cpu.burst_usec) lines.push_back({"cpu.max.burst", std::to_string(*cpu.burst_usec)});
  return {};
}

Result<void> add_cpu(const CpuLimits& cpu, const CurrentLimits& current, Lines& lines) {
  if (cpu.idle && *cpu.idle != 0 && *cpu.idle != 1) return wrong("cpu.idle", "is neither 0 nor 1");
  const bool idle = cpu.idle == 1;
  if (cpu.idle) lines.push_back({"cpu.idle", idle ? "1" : "0"});
  // An idle cgroup has no weight.
  if (asks(cpu.shares) && !idle) {
    if (*cpu.shares < 0) return wrong("cpu.shares", "is negative");
    const std::int64_t shares = std::clamp<std::int64_t>(*cpu.shares, 2, 262144);
    lines.push_back({"cpu.weight", std::to_string(1 + (shares - 2) * 9999 / 262142)});
  }
  AMBIT_TRY(add_quota(cpu, current, lines));
  if (!cpu.cpus.empty()) {
    AMBIT_TRY(cpu_mask(cpu.cpus).context("cpu.cpus"));
    lines.push_back({"cpuset.cpus", cpu.cpus, LimitCheck::Cpus});
  }
  if (!cpu.mems.empty()) {
    AMBIT_TRY(cpu_mask(cpu.mems).context("cpu.mems"));
    lines.push_back({"cpuset.mems", cpu.mems, LimitCheck::Cpus});
  }
  return {};
}

std::string device_name(std::int64_t major, std::int64_t minor) {
  return strf("%lld:%lld", static_cast<long long>(major), static_cast<long long>(minor));
}

Result<void> check_weight(std::int64_t weight, const char* member) {
  if (weight >= 10 && weight <= 1000) return {};
  return wrong(member, strf("%lld is not of 10 to 1000", static_cast<long long>(weight)));
}

Result<void> add_block_io(const BlockIoLimits& io, Lines& lines) {
  if (asks(io.weight)) {
    AMBIT_TRY(check_weight(*io.weight, "blockIO.weight"));
    // Which of the two there is depends on the schedulers that the kernel was built with.
    const std::int64_t weight = 1 + (*io.weight - 10) * 9999 / 990;
    lines.push_back(
        {"io.weight", "default " + std::to_string(weight), LimitCheck::Entry, "io.bfq.weight"});
    lines.push_back(
        {"io.bfq.weight", "default " + std::to_string(*io.weight), LimitCheck::Entry, "io.weight"});
  }
  for (const DeviceWeight& device : io.devices) {
    if (!asks(device.weight)) continue;
    AMBIT_TRY(check_weight(*device.weight, "blockIO.weightDevice.weight"));
    lines.push_back({"io.bfq.weight",
                     device_name(device.major, device.minor) + " " + std::to_string(*device.weight),
                     LimitCheck::Entry});
  }
  const std::pair<const std::vector<DeviceRate>*, const char*> kRates[] = {
      {&io.read_bps, "rbps"},
      {&io.write_bps, "wbps"},
      {&io.read_iops, "riops"},
      {&io.write_iops, "wiops"},
  };
  for (const auto& [rates, word] : kRates)
    for (const DeviceRate& rate : *rates)
      // 0 is how v1 took a limit away.
      lines.push_back({"io.max",
                       strf("%s %s=%s", device_name(rate.major, rate.minor).c_str(), word,
                            rate.rate == 0 ? kMax : std::to_string(rate.rate).c_str()),
                       LimitCheck::Entry});
  return {};
}

// A name becomes part of a file's name.
Result<void> check_name(const std::string& name, const char* member) {
  const bool plain = !name.empty() && name[0] != '.' && name.find('/') == std::string::npos &&
                     name.find('\0') == std::string::npos && name.find('\n') == std::string::npos;
  if (plain) return {};
  return wrong(member, "\"" + name + "\" is no name");
}

Result<void> add_others(const Resources& resources, Lines& lines) {
  if (asks(resources.pids_limit))
    lines.push_back(
        {"pids.max", *resources.pids_limit < 0 ? kMax : std::to_string(*resources.pids_limit)});
  for (const HugepageLimit& pages : resources.hugepages) {
    AMBIT_TRY(check_name(pages.page_size, "hugepageLimits.pageSize"));
    const std::string value = pages.limit_bytes > static_cast<std::uint64_t>(INT64_MAX)
                                  ? kMax
                                  : std::to_string(pages.limit_bytes);
    // Reservations are counted apart, and a limit of the one only is easily got round.
    lines.push_back({"hugetlb." + pages.page_size + ".max", value, LimitCheck::Bytes});
    lines.push_back({"hugetlb." + pages.page_size + ".rsvd.max", value, LimitCheck::Bytes});
  }
  for (const auto& [device, limit] : resources.rdma) {
    AMBIT_TRY(check_name(device, "rdma"));
    std::string line = device;
    if (limit.handles) line += strf(" hca_handle=%lld", static_cast<long long>(*limit.handles));
    if (limit.objects) line += strf(" hca_object=%lld", static_cast<long long>(*limit.objects));
    if (line != device) lines.push_back({"rdma.max", line, LimitCheck::Entry});
  }
  return {};
}

// The first word of a line that is one of several.
std::string entry_key(const LimitLine& line) {
  return line.check == LimitCheck::Entry ? line.value.substr(0, line.value.find(' ')) : "";
}

LimitCheck check_of(const std::string& file) {
  static const std::pair<std::string_view, LimitCheck> kKnown[] = {
      {"cpu.idle", LimitCheck::Value},         {"cpu.max", LimitCheck::Quota},
      {"cpu.weight", LimitCheck::Value},       {"cpuset.cpus", LimitCheck::Cpus},
      {"cpuset.mems", LimitCheck::Cpus},       {"io.bfq.weight", LimitCheck::Entry},
      {"io.max", LimitCheck::Entry},           {"io.weight", LimitCheck::Entry},
      {"memory.high", LimitCheck::Bytes},      {"memory.low", LimitCheck::Bytes},
      {"memory.max", LimitCheck::Bytes},       {"memory.min", LimitCheck::Bytes},
      {"memory.oom.group", LimitCheck::Value}, {"memory.swap.high", LimitCheck::Bytes},
      {"memory.swap.max", LimitCheck::Bytes},  {"pids.max", LimitCheck::Value},
  };
  for (const auto& [name, check] : kKnown)
    if (name == file) return check;
  return LimitCheck::None;
}

// A value may have several lines, of which the kernel takes one at a time.
Result<void> add_unified(const std::string& file, const std::string& value, Lines& lines) {
  AMBIT_TRY(check_name(file, "unified"));
  if (file.find('.') == std::string::npos)
    return wrong("unified", "\"" + file + "\" is no file of a controller");
  // The cgroup itself is not for the configuration: its processes, its type, its controllers.
  if (controller_of(file).empty()) return wrong("unified", file + " is the runtime's own");
  for (const std::string& each : split(value, '\n')) {
    std::string text(trim(each));
    if (text.empty()) continue;
    LimitLine line{file, std::move(text), check_of(file)};
    // io.weight also takes a number alone.
    if (line.check == LimitCheck::Entry && line.value.find(' ') == std::string::npos)
      line.value = "default " + line.value;
    if (line.check == LimitCheck::Cpus) AMBIT_TRY(cpu_mask(line.value).context("unified " + file));
    std::erase_if(lines, [&](const LimitLine& other) {
      return other.file == file && entry_key(other) == entry_key(line) &&
             (line.check != LimitCheck::Entry || file != "io.max") &&
             line.check != LimitCheck::None;
    });
    lines.push_back(std::move(line));
  }
  return {};
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(trim(text), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// What the kernel counts in: pages, and for "hugetlb.2MB.max" those of that size.
std::uint64_t page_bytes(const std::string& file) {
  const std::vector<std::string> parts = split(file, '.');
  if (parts[0] != "hugetlb" || parts.size() < 3 || parts[1].size() < 3)
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto number = parse_uint(std::string_view(parts[1]).substr(0, parts[1].size() - 2));
  const char unit = parts[1][parts[1].size() - 2];
  const int shift = unit == 'G' ? 30 : unit == 'M' ? 20 : 10;
  return number && *number > 0 ? *number << shift : 1;
}

bool are_bytes(const LimitLine& line, std::string_view actual) {
  if (line.value == actual) return true;
  const auto want = parse_uint(line.value);
  const auto have = parse_uint(actual);
  if (!want || !have) return false;
  const std::uint64_t page = page_bytes(line.file);
  return *have == *want / page * page;
}

bool has_entry(const LimitLine& line, std::string_view content) {
  const std::vector<std::string> asked = words_of(line.value);
  for (const std::string& each : split(content, '\n')) {
    const std::vector<std::string> actual = words_of(each);
    if (actual.empty() || asked.empty() || actual[0] != asked[0]) continue;
    return std::all_of(asked.begin(), asked.end(), [&](const std::string& word) {
      return std::find(actual.begin(), actual.end(), word) != actual.end();
    });
  }
  // A device without any limit has no line.
  return is_unlimited(line);
}

}  // namespace

Result<std::vector<LimitLine>> limit_lines(const Resources& resources,
                                           const CurrentLimits& current) {
  AMBIT_TRY(refuse_v1(resources));
  Lines lines;
  if (resources.memory) AMBIT_TRY(add_memory(*resources.memory, current, lines));
  if (resources.cpu) AMBIT_TRY(add_cpu(*resources.cpu, current, lines));
  if (resources.block_io) AMBIT_TRY(add_block_io(*resources.block_io, lines));
  AMBIT_TRY(add_others(resources, lines));
  for (const auto& [file, value] : resources.unified) AMBIT_TRY(add_unified(file, value, lines));
  return lines;
}

bool is_in_force(const LimitLine& line, std::string_view content) {
  content = trim(content);
  switch (line.check) {
    case LimitCheck::None:
      return false;  // never known: to be written
    case LimitCheck::Value:
      return content == line.value;
    case LimitCheck::Limited:
      return content != kMax && content != "0";
    case LimitCheck::Bytes:
      return are_bytes(line, content);
    case LimitCheck::Cpus: {
      const auto asked = cpu_mask(line.value);
      const auto actual = cpu_mask(content);
      return asked && actual && *asked == *actual;
    }
    case LimitCheck::Entry:
      return has_entry(line, content);
    case LimitCheck::Quota: {
      const std::vector<std::string> asked = words_of(line.value);
      const std::vector<std::string> actual = words_of(content);
      return !asked.empty() && asked.size() <= actual.size() &&
             std::equal(asked.begin(), asked.end(), actual.begin());
    }
  }
  return false;
}

bool is_unlimited(const LimitLine& line) {
  if (line.check == LimitCheck::None) return false;
  if (line.value == kMax) return true;
  if (line.check == LimitCheck::Quota) return words_of(line.value)[0] == kMax;
  if (line.check != LimitCheck::Entry) return false;
  const std::vector<std::string> words = words_of(line.value);
  return words.size() > 1 && std::all_of(words.begin() + 1, words.end(), [](const auto& word) {
           return word.size() > 4 && word.substr(word.size() - 4) == "=max";
         });
}

std::string controller_of(std::string_view file) {
  const std::string name(file.substr(0, file.find('.')));
  return name == "cgroup" ? "" : name;
}

Result<std::vector<std::uint8_t>> cpu_mask(std::string_view list) {
  constexpr std::int64_t kMaxCpus = 8192;
  std::vector<std::uint8_t> mask;
  if (trim(list).empty()) return mask;
  for (const std::string& part : split(trim(list), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_int(trim(std::string_view(part).substr(0, dash)));
    const auto last = dash == std::string::npos
                          ? first
                          : parse_int(trim(std::string_view(part).substr(dash + 1)));
    if (!first || !last || *first < 0 || *last < *first || *last >= kMaxCpus)
      return Error(ErrorCode::InvalidArgument,
                   "\"" + std::string(list) + "\" is no list like 0-3,6");
    if (mask.size() < static_cast<std::size_t>(*last / 8 + 1))
      mask.resize(static_cast<std::size_t>(*last / 8 + 1));
    for (auto cpu = static_cast<std::size_t>(*first); cpu <= static_cast<std::size_t>(*last); cpu++)
      mask[cpu / 8] = static_cast<std::uint8_t>(mask[cpu / 8] | (1U << (cpu % 8)));
  }
  return mask;
}

}  // namespace ambit::spec
