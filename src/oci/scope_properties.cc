#include "oci/scope_properties.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "systemd/unit_name.h"

namespace ambit::oci {
namespace {

constexpr std::string_view kSlice = ".slice";

// As D-Bus has "no limit".
Result<std::uint64_t> number_of(std::string_view value) {
  return value == "max" ? Result<std::uint64_t>(UINT64_MAX) : parse_uint(value);
}

struct NumberProperty {
  std::string_view file;
  const char* property;
};
constexpr NumberProperty kNumbers[] = {
    {"cpu.weight", "CPUWeight"}, {"memory.high", "MemoryHigh"},
    {"memory.low", "MemoryLow"}, {"memory.max", "MemoryMax"},
    {"memory.min", "MemoryMin"}, {"memory.swap.max", "MemorySwapMax"},
    {"pids.max", "TasksMax"},
};

// "50000 100000": microseconds in each period become those in a second.
Result<void> add_quota(const std::string& value, bus::OptionWriter& properties) {
  constexpr std::uint64_t kSecond = 1'000'000;
  constexpr std::uint64_t kPercent = kSecond / 100;
  const std::vector<std::string> words = split(value, ' ');
  const std::uint64_t quota = AMBIT_TRY(number_of(words[0]));
  const std::uint64_t period =
      words.size() > 1 ? AMBIT_TRY(parse_uint(words[1])) : std::uint64_t{100'000};
  if (period == 0 || (quota != UINT64_MAX && quota > UINT64_MAX / kSecond))
    return Error(ErrorCode::InvalidArgument, "cpu.max \"" + value + "\"");
  std::uint64_t per_second = UINT64_MAX;
  if (quota != UINT64_MAX) {
    per_second = (quota * kSecond + period - 1) / period;
    per_second = (per_second + kPercent - 1) / kPercent * kPercent;
  }
  properties.set("CPUQuotaPerSecUSec", per_second).set("CPUQuotaPeriodUSec", period);
  return {};
}

using DeviceNumbers = std::vector<std::tuple<std::string, std::uint64_t>>;

// "8:0 rbps=1000 wiops=max": each word belongs to another property, which has all devices.
Result<void> add_device_rates(const std::string& value,
                              std::map<std::string, DeviceNumbers>& by_property) {
  static const std::map<std::string, std::string> kProperties = {
      {"rbps", "IOReadBandwidthMax"},
      {"wbps", "IOWriteBandwidthMax"},
      {"riops", "IOReadIOPSMax"},
      {"wiops", "IOWriteIOPSMax"},
  };
  const std::vector<std::string> words = split(value, ' ');
  for (std::size_t i = 1; i < words.size(); i++) {
    const std::size_t equals = words[i].find('=');
    const auto property = kProperties.find(words[i].substr(0, equals));
    if (equals == std::string::npos || property == kProperties.end())
      return Error(ErrorCode::InvalidArgument, "io.max \"" + value + "\"");
    by_property[property->second].emplace_back("/dev/block/" + words[0],
                                               AMBIT_TRY(number_of(words[i].substr(equals + 1))));
  }
  return {};
}

Result<void> add_limit(const spec::LimitLine& line, bus::OptionWriter& properties,
                       std::map<std::string, DeviceNumbers>& by_property) {
  for (const auto& [file, property] : kNumbers) {
    if (line.file != file) continue;
    properties.set(property, AMBIT_TRY(number_of(line.value).context(line.file)));
  }
  if (line.file == "cpu.idle" && line.value == "1") properties.set("CPUWeight", std::uint64_t{0});
  if (line.file == "cpu.max") return add_quota(line.value, properties);
  if (line.file == "cpuset.cpus")
    properties.set("AllowedCPUs", AMBIT_TRY(spec::cpu_mask(line.value)));
  if (line.file == "cpuset.mems")
    properties.set("AllowedMemoryNodes", AMBIT_TRY(spec::cpu_mask(line.value)));
  if (line.file == "io.max") return add_device_rates(line.value, by_property);
  constexpr std::string_view kDefault = "default ";
  if (line.file == "io.weight" && line.value.compare(0, kDefault.size(), kDefault) == 0)
    properties.set("IOWeight", AMBIT_TRY(parse_uint(line.value.substr(kDefault.size()))));
  return {};
}

bool ends_in(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Error bad_path(const std::string& path, const char* why) {
  return Error(ErrorCode::InvalidArgument, "cgroupsPath \"" + path + "\": " + why);
}

}  // namespace

Result<ScopeName> scope_name(const std::string& cgroups_path, const std::string& container_id,
                             Authority authority) {
  const char* usual = authority == Authority::System ? "system.slice" : "user.slice";
  if (cgroups_path.empty())
    return ScopeName{systemd::escape_unit_name("oci-" + container_id) + ".scope", usual};
  const std::vector<std::string> parts = split(cgroups_path, ':');
  if (parts.size() != 3)
    return bad_path(cgroups_path, "with --systemd-cgroup it is \"slice:prefix:name\"");
  const std::string& slice = parts[0].empty() ? usual : parts[0];
  if (!ends_in(slice, kSlice) || slice.find('/') != std::string::npos)
    return bad_path(cgroups_path, "the part before the first ':' is no slice");
  if (ends_in(parts[2], kSlice))
    return bad_path(cgroups_path, "a slice can't hold the container's processes");
  if (parts[2].empty()) return bad_path(cgroups_path, "the name is empty");
  const std::string name = parts[1].empty() ? parts[2] : parts[1] + "-" + parts[2];
  return ScopeName{systemd::escape_unit_name(name) + ".scope", slice};
}

Result<void> add_limit_properties(const std::vector<spec::LimitLine>& lines,
                                  bus::OptionWriter& properties) {
  std::map<std::string, DeviceNumbers> by_property;
  for (const spec::LimitLine& line : lines) AMBIT_TRY(add_limit(line, properties, by_property));
  for (auto& [property, devices] : by_property) properties.set(property, std::move(devices));
  return {};
}

}  // namespace ambit::oci
