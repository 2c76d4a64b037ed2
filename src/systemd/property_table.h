#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// The properties that there are, and how each is written.
namespace ambit::systemd {

enum class PropertyKind {
  Boolean,
  Bytes,            // t; also a percentage of the memory, which is u under the name NAMEScale
  Tasks,            // t; the same of the tasks there can be
  CpuWeight,        // t: 1 to 10000, 0 is "idle"
  Weight,           // t: 1 to 10000
  Quota,            // t: µs of a CPU in each second, written in percent
  Duration,         // t: µs
  Share,            // u: of UINT32_MAX, written in percent
  Numbers,          // ay: a set, "0-3,6"
  DeviceRates,      // a(st): bytes or operations a second
  DeviceWeights,    // a(st)
  DeviceLatencies,  // a(st): µs
  Text,             // s
  Words,            // as
};

// When systemd takes it.
enum class PropertyTime { Live, AtStart };

struct PropertyRow {
  const char* name;  // on D-Bus
  PropertyKind kind;
  PropertyTime time;
  const char* written;  // in unit files; nullptr: the same
};

// By either name; nullptr: none, or a refused one.
const PropertyRow* look_up(std::string_view name);

// The same. InvalidArgument: there is none (names the nearest), or it is refused, and why.
Result<const PropertyRow*> find_row(std::string_view name);

// A percentage of NAME is the property NAMEScale; the row is NAME's. nullptr: none.
const PropertyRow* find_scale_row(std::string_view name);

// "t" of a kind.
std::string signature_of(PropertyKind kind);

const char* written_name(const PropertyRow& row);

}  // namespace ambit::systemd
