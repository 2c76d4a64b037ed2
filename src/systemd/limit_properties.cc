#include "systemd/limit_properties.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/strings.h"
#include "os/block_device.h"
#include "systemd/number_files.h"

namespace ambit::systemd {
namespace {

using spec::LimitCheck;
using spec::LimitLine;
using Lines = std::vector<LimitLine>;

constexpr char kMax[] = "max";
constexpr std::string_view kDefault = "default ";
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kMillisecond = 1'000;
constexpr std::uint64_t kUsualPeriod = 100 * kMillisecond;

struct SetFile {
  std::string_view file;
  const char* property;
};
constexpr SetFile kSets[] = {
    {"cpuset.cpus", "AllowedCPUs"},
    {"cpuset.mems", "AllowedMemoryNodes"},
};

// A device's line of a file: "8:0 rbps=1000".
struct DeviceWord {
  std::string_view file;
  std::string_view word;
  const char* property;
};
constexpr DeviceWord kDeviceWords[] = {
    {"io.max", "rbps=", "IOReadBandwidthMax"},
    {"io.max", "wbps=", "IOWriteBandwidthMax"},
    {"io.max", "riops=", "IOReadIOPSMax"},
    {"io.max", "wiops=", "IOWriteIOPSMax"},
    {"io.weight", "", "IODeviceWeight"},
    {"io.latency", "target=", "IODeviceLatencyTargetUSec"},
};

// As D-Bus has "no limit".
Result<std::uint64_t> number_of(std::string_view value) {
  return value == kMax ? Result<std::uint64_t>(UINT64_MAX) : parse_uint(value);
}

std::string text_of(std::uint64_t number) {
  return number == UINT64_MAX ? kMax : std::to_string(number);
}

void set(UnitProperties& properties, const char* name, PropertyValue value) {
  merge_properties(properties, {{name, std::move(value)}});
}

// "50000 100000": microseconds in each period become those in a second.
Result<void> add_quota(const std::string& value, UnitProperties& properties) {
  constexpr std::uint64_t kPercent = kSecond / 100;
  const std::vector<std::string> words = split(value, ' ');
  const std::uint64_t quota = AMBIT_TRY(number_of(words[0]));
  const std::uint64_t period = words.size() > 1 ? AMBIT_TRY(parse_uint(words[1])) : kUsualPeriod;
  if (period == 0 || (quota != UINT64_MAX && quota > UINT64_MAX / kSecond))
    return Error(ErrorCode::InvalidArgument, "cpu.max \"" + value + "\"");
  std::uint64_t per_second = UINT64_MAX;
  if (quota != UINT64_MAX) {
    per_second = (quota * kSecond + period - 1) / period;
    per_second = (per_second + kPercent - 1) / kPercent * kPercent;
  }
  set(properties, "CPUQuotaPerSecUSec", per_second);
  set(properties, "CPUQuotaPeriodUSec", period);
  return {};
}

// "8:0 rbps=1000 wiops=max": each word belongs to another property, which has all devices.
Result<void> add_device_rates(const std::string& value, UnitProperties& properties) {
  const std::vector<std::string> words = split(value, ' ');
  for (std::size_t i = 1; i < words.size(); i++) {
    const auto* const known = std::find_if(
        std::begin(kDeviceWords), std::end(kDeviceWords),
        [&](const auto& each) { return each.file == "io.max" && words[i].starts_with(each.word); });
    if (known == std::end(kDeviceWords))
      return Error(ErrorCode::InvalidArgument, "io.max \"" + value + "\"");
    const std::uint64_t rate = AMBIT_TRY(number_of(words[i].substr(known->word.size())));
    set(properties, known->property, DeviceNumbers{{"/dev/block/" + words[0], rate}});
  }
  return {};
}

Result<void> add_property(const LimitLine& line, UnitProperties& properties) {
  for (const NumberFile& each : kNumberFiles) {
    if (line.file != each.file) continue;
    set(properties, each.property, AMBIT_TRY(number_of(line.value).context(line.file)));
  }
  for (const SetFile& each : kSets)
    if (line.file == each.file)
      set(properties, each.property, AMBIT_TRY(spec::cpu_mask(line.value)));
  if (line.file == "cpu.idle" && line.value == "1") set(properties, "CPUWeight", std::uint64_t{0});
  if (line.file == "cpu.max") return add_quota(line.value, properties);
  if (line.file == "io.max") return add_device_rates(line.value, properties);
  if (line.file == "io.weight" && line.value.starts_with(kDefault))
    set(properties, "IOWeight", AMBIT_TRY(parse_uint(line.value.substr(kDefault.size()))));
  return {};
}

// As systemd reckons: the kernel takes no quota and no period below 1 ms, and no period above 1 s.
LimitLine quota_line(std::uint64_t per_second, const PropertyValue* asked_period) {
  if (per_second == UINT64_MAX) return {"cpu.max", kMax, LimitCheck::Quota, ""};
  std::uint64_t period = kUsualPeriod;
  if (asked_period != nullptr) period = std::get<std::uint64_t>(*asked_period);
  if (period == UINT64_MAX) period = kUsualPeriod;
  const std::uint64_t shortest = per_second == 0 ? kSecond : kMillisecond * kSecond / per_second;
  period = std::min(std::max({period, kMillisecond, shortest}), kSecond);
  const std::uint64_t quota = std::max(per_second * period / kSecond, kMillisecond);
  return {"cpu.max", text_of(quota) + " " + text_of(period), LimitCheck::Quota, ""};
}

LimitLine weight_line(std::uint64_t weight) {
  if (weight == 0) return {"cpu.idle", "1", LimitCheck::Value, ""};
  return {"cpu.weight", text_of(weight), LimitCheck::Value, ""};
}

Result<void> add_device_lines(const DeviceWord& known, const DeviceNumbers& devices, Lines& lines) {
  for (const auto& [path, number] : devices) {
    const std::string disk = AMBIT_TRY(os::disk_of(path).context(known.property));
    lines.push_back({std::string(known.file),
                     disk + " " + std::string(known.word) + text_of(number), LimitCheck::Entry,
                     known.file == "io.weight" ? "io.bfq.weight" : ""});
  }
  return {};
}

Result<void> add_number_lines(const UnitProperty& property, std::uint64_t number, Lines& lines) {
  if (property.name == "CPUWeight") {
    if (number != UINT64_MAX) lines.push_back(weight_line(number));
    return {};
  }
  if (property.name == "IOWeight" && number != UINT64_MAX)
    lines.push_back(
        {"io.weight", std::string(kDefault) + text_of(number), LimitCheck::Entry, "io.bfq.weight"});
  for (const NumberFile& each : kNumberFiles)
    if (property.name == each.property)
      lines.push_back({std::string(each.file), text_of(number), each.check, ""});
  return {};
}

Result<void> add_lines(const UnitProperty& property, Lines& lines) {
  for (const NumberFile& each : kNumberFiles)
    if (property.name == std::string(each.property) + "Scale")
      lines.push_back({std::string(each.file), "", LimitCheck::Limited, ""});
  if (const auto* number = std::get_if<std::uint64_t>(&property.value))
    return add_number_lines(property, *number, lines);
  for (const DeviceWord& each : kDeviceWords)
    if (property.name == each.property)
      return add_device_lines(each, std::get<DeviceNumbers>(property.value), lines);
  for (const SetFile& each : kSets) {
    if (property.name != each.property) continue;
    for (const std::string& line : property_lines({property}))
      if (const std::string list = line.substr(line.find('=') + 1); !list.empty())
        lines.push_back({std::string(each.file), list, LimitCheck::Cpus, ""});
  }
  return {};
}

}  // namespace

Result<UnitProperties> limit_properties(const std::vector<LimitLine>& lines) {
  UnitProperties properties;
  for (const LimitLine& line : lines) AMBIT_TRY(add_property(line, properties));
  return properties;
}

Result<std::vector<LimitLine>> expected_lines(const UnitProperties& properties) {
  Lines lines;
  for (const UnitProperty& property : properties) AMBIT_TRY(add_lines(property, lines));
  if (const PropertyValue* quota = find_property(properties, "CPUQuotaPerSecUSec"))
    lines.push_back(quota_line(std::get<std::uint64_t>(*quota),
                               find_property(properties, "CPUQuotaPeriodUSec")));
  return lines;
}

}  // namespace ambit::systemd
