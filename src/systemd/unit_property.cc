#include "systemd/unit_property.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "systemd/property_table.h"

namespace ambit::systemd {
namespace {

constexpr std::string_view kScale = "Scale";

// "MemoryMax" of "MemoryMaxScale": the two are one limit.
std::string_view base_name(std::string_view name) {
  return find_scale_row(name) != nullptr ? name.substr(0, name.size() - kScale.size()) : name;
}

void merge_devices(DeviceNumbers& devices, const DeviceNumbers& changes) {
  if (changes.empty()) devices.clear();
  for (const auto& change : changes) {
    const auto same = std::find_if(devices.begin(), devices.end(), [&](const auto& each) {
      return std::get<0>(each) == std::get<0>(change);
    });
    if (same == devices.end())
      devices.push_back(change);
    else
      *same = change;
  }
}

void merge_value(PropertyValue& value, const PropertyValue& change) {
  auto* const devices = std::get_if<DeviceNumbers>(&value);
  const auto* const device_changes = std::get_if<DeviceNumbers>(&change);
  if (devices != nullptr && device_changes != nullptr)
    return merge_devices(*devices, *device_changes);
  auto* const words = std::get_if<std::vector<std::string>>(&value);
  const auto* const more = std::get_if<std::vector<std::string>>(&change);
  if (words == nullptr || more == nullptr) {
    value = change;
    return;
  }
  for (const std::string& word : *more)
    if (std::find(words->begin(), words->end(), word) == words->end()) words->push_back(word);
}

// What limits nothing and grants nothing.
bool is_idle(const PropertyRow& row, const PropertyValue& value) {
  // Other durations belong to policies.
  if (row.kind == PropertyKind::Duration && std::string_view(row.name) != "CPUQuotaPeriodUSec")
    return true;
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    const bool is_floor = std::string_view(row.name).find("Low") != std::string_view::npos ||
                          std::string_view(row.name).find("Min") != std::string_view::npos;
    return *number == UINT64_MAX || (is_floor && *number == 0);
  }
  if (const auto* devices = std::get_if<DeviceNumbers>(&value)) return devices->empty();
  if (const auto* mask = std::get_if<std::vector<std::uint8_t>>(&value)) return mask->empty();
  return true;  // switches and policies are no limits
}

template <typename T>
Result<void> read_into(sd_bus_message* message, PropertyValue& value) {
  T read{};
  AMBIT_TRY(bus::Wire<T>::read(message, read));
  value = std::move(read);
  return {};
}

Result<void> read_value(sd_bus_message* message, const std::string& signature,
                        PropertyValue& value) {
  AMBIT_TRY(bus::detail::enter(message, 'v', signature));
  Result<void> read = signature == "b"    ? read_into<bool>(message, value)
                      : signature == "u"  ? read_into<std::uint32_t>(message, value)
                      : signature == "t"  ? read_into<std::uint64_t>(message, value)
                      : signature == "s"  ? read_into<std::string>(message, value)
                      : signature == "as" ? read_into<std::vector<std::string>>(message, value)
                      : signature == "ay" ? read_into<std::vector<std::uint8_t>>(message, value)
                                          : read_into<DeviceNumbers>(message, value);
  AMBIT_TRY(std::move(read));
  return bus::detail::leave(message);
}

std::string contents_of_variant(sd_bus_message* message) {
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message, &type, &contents) <= 0 || contents == nullptr) return {};
  return contents;
}

// Lines of a file are how properties are kept: no value may begin another one.
Result<void> check_lines(const UnitProperty& property) {
  for (const std::string& line : property_lines({property}))
    if (line.find_first_of("\n\r") != std::string::npos)
      return Error(ErrorCode::InvalidArgument, property.name + ": a control character");
  return {};
}

}  // namespace

void merge_properties(UnitProperties& properties, const UnitProperties& changes) {
  for (const UnitProperty& change : changes) {
    const auto same = std::find_if(properties.begin(), properties.end(), [&](const auto& each) {
      return base_name(each.name) == base_name(change.name);
    });
    if (same == properties.end()) {
      properties.push_back(change);
    } else if (same->name != change.name) {
      *same = change;
    } else {
      merge_value(same->value, change.value);
    }
  }
}

bool is_live(const std::string& name) {
  if (find_scale_row(name) != nullptr) return true;
  const PropertyRow* row = look_up(name);
  return row != nullptr && row->time == PropertyTime::Live;
}

UnitProperties without_idle(UnitProperties properties) {
  std::erase_if(properties, [](const UnitProperty& property) {
    const PropertyRow* row = look_up(property.name);
    return row != nullptr && is_idle(*row, property.value);
  });
  return properties;
}

Result<void> check_live(const UnitProperties& properties) {
  for (const UnitProperty& property : properties)
    if (!is_live(property.name))
      return Error(ErrorCode::InvalidArgument,
                   property.name +
                       " can't be changed while the container runs: systemd takes it only at a "
                       "unit's start; stop the container first");
  return {};
}

const PropertyValue* find_property(const UnitProperties& properties, std::string_view name) {
  for (const UnitProperty& property : properties)
    if (property.name == name) return &property.value;
  return nullptr;
}

Result<UnitProperties> read_resource_properties(bus::Message& answer) {
  UnitProperties properties;
  AMBIT_TRY(bus::detail::enter(answer.get(), 'a', "{sv}"));
  while (!AMBIT_TRY(bus::detail::at_end(answer.get()))) {
    AMBIT_TRY(bus::detail::enter(answer.get(), 'e', "sv"));
    UnitProperty property{AMBIT_TRY(answer.read<std::string>()), {}};
    const PropertyRow* row = look_up(property.name);
    const bool is_resource = row != nullptr && row->time == PropertyTime::Live &&
                             signature_of(row->kind) == contents_of_variant(answer.get());
    if (is_resource) {
      AMBIT_TRY(read_value(answer.get(), signature_of(row->kind), property.value));
      properties.push_back(std::move(property));
    } else {
      AMBIT_TRY(answer.skip());
    }
    AMBIT_TRY(bus::detail::leave(answer.get()));
  }
  AMBIT_TRY(bus::detail::leave(answer.get()));
  return without_idle(std::move(properties));
}

}  // namespace ambit::systemd

namespace ambit::bus {

using systemd::UnitProperty;

Result<void> Wire<UnitProperty>::read(sd_bus_message* message, UnitProperty& property) {
  AMBIT_TRY(detail::enter(message, 'r', "sv"));
  AMBIT_TRY(Wire<std::string>::read(message, property.name));
  std::string signature = "u";
  if (systemd::find_scale_row(property.name) == nullptr) {
    const systemd::PropertyRow& row = *AMBIT_TRY(systemd::find_row(property.name));
    property.name = row.name;
    signature = systemd::signature_of(row.kind);
  }
  const std::string contents = systemd::contents_of_variant(message);
  if (contents != signature)
    return Error(ErrorCode::InvalidArgument,
                 strf("property %s is of type '%s', not '%s'", property.name.c_str(),
                      signature.c_str(), contents.c_str()));
  AMBIT_TRY(systemd::read_value(message, signature, property.value));
  AMBIT_TRY(systemd::check_lines(property));
  return detail::leave(message);
}

Result<void> Wire<UnitProperty>::append(sd_bus_message* message, const UnitProperty& property) {
  AMBIT_TRY(detail::open(message, 'r', "sv"));
  AMBIT_TRY(Wire<std::string>::append(message, property.name));
  AMBIT_TRY(std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        return Wire<Variant<T>>::append(message, Variant<T>{value});
      },
      property.value));
  return detail::close(message);
}

}  // namespace ambit::bus
