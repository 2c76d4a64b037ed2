#include "systemd/limit_properties.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/strings.h"
#include "systemd/limit_files.h"

namespace ambit::systemd {
namespace {

using spec::LimitLine;

constexpr std::uint64_t kSecond = 1'000'000;

// As D-Bus has "no limit".
Result<std::uint64_t> number_of(std::string_view value) {
  return value == kMaxText ? Result<std::uint64_t>(UINT64_MAX) : parse_uint(value);
}

// Over one that is there; of devices, behind those that are.
void set(UnitProperties& properties, const char* name, PropertyValue value) {
  const auto same = std::find_if(properties.begin(), properties.end(),
                                 [&](const UnitProperty& each) { return each.name == name; });
  if (same == properties.end())
    properties.push_back({name, std::move(value)});
  else if (auto* devices = std::get_if<DeviceNumbers>(&same->value))
    devices->push_back(std::get<DeviceNumbers>(value).front());
  else
    same->value = std::move(value);
}

// "50000 100000": microseconds in each period become those in a second.
Result<void> add_quota(const std::string& value, UnitProperties& properties) {
  constexpr std::uint64_t kPercent = kSecond / 100;
  const std::vector<std::string> words = split(value, ' ');
  const std::uint64_t quota = AMBIT_TRY(number_of(words[0]));
  const std::uint64_t period =
      words.size() > 1 ? AMBIT_TRY(parse_uint(words[1])) : kUsualPeriodUsec;
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
  for (const SetFile& each : kSetFiles)
    if (line.file == each.file)
      set(properties, each.property, AMBIT_TRY(spec::cpu_mask(line.value)));
  if (line.file == "cpu.idle" && line.value == "1") set(properties, "CPUWeight", std::uint64_t{0});
  if (line.file == "cpu.max") return add_quota(line.value, properties);
  if (line.file == "io.max") return add_device_rates(line.value, properties);
  if (line.file == "io.weight" && line.value.starts_with(kDefaultDevice))
    set(properties, "IOWeight", AMBIT_TRY(parse_uint(line.value.substr(kDefaultDevice.size()))));
  return {};
}

}  // namespace

Result<UnitProperties> limit_properties(const std::vector<LimitLine>& lines) {
  UnitProperties properties;
  for (const LimitLine& line : lines) AMBIT_TRY(add_property(line, properties));
  return properties;
}

}  // namespace ambit::systemd
