#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "bus/wire.h"
#include "systemd/property_value.h"

// Properties of a container's scope, by systemd's names (systemd.resource-control(5),
// systemd.scope(5), systemd.unit(5)): as D-Bus has them, and as people and unit files write them.
namespace ambit::systemd {

// "NAME=VALUE" as systemd-run(1) takes it: "MemoryMax=64M", "CPUQuota=50%", "RuntimeMaxSec=5min",
// "IOReadBandwidthMax=/dev/sda 10M", "TasksMax=10%"; D-Bus names too. InvalidArgument: no such
// property of a scope (names the nearest one); a value that is none; one that ambit sets itself, or
// that a user's manager accepts and does nothing about, with the reason.
Result<UnitProperty> parse_property(std::string_view assignment);

// All of them as one list: later ones go over earlier ones, see merge_properties().
Result<UnitProperties> parse_properties(const std::vector<std::string>& assignments);

// The way back, one "NAME=VALUE" a property, or one for each of its devices and words.
std::vector<std::string> property_lines(const UnitProperties& properties);

// What `changes` says goes over what is there. Of lists of devices, each device; an empty list
// takes all away. Words (After=...) are added.
void merge_properties(UnitProperties& properties, const UnitProperties& changes);

// InvalidArgument names one that systemd takes only when a unit is made.
Result<void> check_live(const UnitProperties& properties);

// Whether it is a resource's, and so can be changed while the unit runs.
bool is_live(const std::string& name);

// Without those that limit nothing and grant nothing, and those that are no limits (switches and
// policies).
UnitProperties without_idle(UnitProperties properties);

// By systemd's name; nothing where it is not there.
const PropertyValue* find_property(const UnitProperties& properties, std::string_view name);

// As arguments of StartTransientUnit and SetUnitProperties.
bus::OptionWriter property_options(const UnitProperties& properties);

// Reads those resources' properties that limit or grant something out of a unit's properties, the
// a{sv} that comes next in `answer`; others are stepped over.
Result<UnitProperties> read_resource_properties(bus::Message& answer);

}  // namespace ambit::systemd

namespace ambit::bus {

// (sv), so that a list is a(sv) as systemd's calls have it. Reading checks name and type, and
// refuses what parse_property() refuses.
template <>
struct Wire<systemd::UnitProperty> {
  static std::string signature() { return "(sv)"; }
  static Result<void> read(sd_bus_message* message, systemd::UnitProperty& property);
  static Result<void> append(sd_bus_message* message, const systemd::UnitProperty& property);
};

}  // namespace ambit::bus
