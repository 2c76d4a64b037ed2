#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

// A property of a unit, as D-Bus has it, apart from any connection.
namespace ambit::systemd {

// Of IO...Max, IODeviceWeight: a device's path and its number.
using DeviceNumbers = std::vector<std::tuple<std::string, std::uint64_t>>;

// UINT64_MAX is "infinity". Bytes are a set of numbers as bits, the lowest first.
using PropertyValue =
    std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string,
                 std::vector<std::string>, std::vector<std::uint8_t>, DeviceNumbers>;

struct UnitProperty {
  std::string name;  // on D-Bus: "MemoryMax", "CPUQuotaPerSecUSec"
  PropertyValue value;
  bool operator==(const UnitProperty&) const = default;
};
using UnitProperties = std::vector<UnitProperty>;

}  // namespace ambit::systemd
