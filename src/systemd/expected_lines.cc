#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "os/block_device.h"
#include "systemd/limit_files.h"
#include "systemd/limit_properties.h"
#include "systemd/unit_property.h"

namespace ambit::systemd {
namespace {

using spec::LimitCheck;
using spec::LimitLine;
using Lines = std::vector<LimitLine>;

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kMillisecond = 1'000;

std::string text_of(std::uint64_t number) {
  return number == UINT64_MAX ? kMaxText : std::to_string(number);
}

// As systemd reckons: the kernel takes no quota and no period below 1 ms, and no period above 1 s.
LimitLine quota_line(std::uint64_t per_second, const PropertyValue* asked_period) {
  if (per_second == UINT64_MAX) return {"cpu.max", kMaxText, LimitCheck::Quota, ""};
  std::uint64_t period = kUsualPeriodUsec;
  if (asked_period != nullptr) period = std::get<std::uint64_t>(*asked_period);
  if (period == UINT64_MAX) period = kUsualPeriodUsec;
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
    lines.push_back({"io.weight", std::string(kDefaultDevice) + text_of(number), LimitCheck::Entry,
                     "io.bfq.weight"});
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
  for (const SetFile& each : kSetFiles) {
    if (property.name != each.property) continue;
    for (const std::string& line : property_lines({property}))
      if (const std::string list = line.substr(line.find('=') + 1); !list.empty())
        lines.push_back({std::string(each.file), list, LimitCheck::Cpus, ""});
  }
  return {};
}

}  // namespace

Result<std::vector<LimitLine>> expected_lines(const UnitProperties& properties) {
  Lines lines;
  for (const UnitProperty& property : properties) AMBIT_TRY(add_lines(property, lines));
  if (const PropertyValue* quota = find_property(properties, "CPUQuotaPerSecUSec"))
    lines.push_back(quota_line(std::get<std::uint64_t>(*quota),
                               find_property(properties, "CPUQuotaPeriodUSec")));
  return lines;
}

}  // namespace ambit::systemd
