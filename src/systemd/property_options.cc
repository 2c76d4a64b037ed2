#include "systemd/unit_property.h"

// Apart, so that a program that only sends properties links no table of them.
namespace ambit::systemd {

bus::OptionWriter property_options(const UnitProperties& properties) {
  bus::OptionWriter options;
  for (const UnitProperty& property : properties)
    std::visit([&](const auto& value) { options.set(property.name, value); }, property.value);
  return options;
}

}  // namespace ambit::systemd
