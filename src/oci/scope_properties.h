#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dbus/marshal.h"
#include "oci/cgroup.h"
#include "spec/limit_lines.h"

// What a container's scope is called and which properties it gets.
namespace ambit::oci {

struct ScopeName {
  std::string unit;   // "libpod-1234.scope"
  std::string slice;  // "user.slice"
};

// "slice:prefix:name" of linux.cgroupsPath, see CgroupRequest. Bytes that a unit's name may not
// have are escaped as systemd-escape(1) does it. InvalidArgument: not of that form; no slice; a
// name that ends in .slice, since a slice can't hold processes.
Result<ScopeName> scope_name(const std::string& cgroups_path, const std::string& container_id,
                             Authority authority);

// The limits that have a property, see systemd/limit_properties.h. A file without one has only its
// line, and systemd leaves it alone; a quota's file gets the exact value.
Result<void> add_limit_properties(const std::vector<spec::LimitLine>& lines,
                                  dbus::Properties& properties);

// Annotations "org.systemd.property.NAME": VALUE in GVariant's text form becomes property NAME.
// Taken are booleans, numbers with or without a type before them ("uint64 5"; a bare one is int32),
// strings, object paths, and arrays of strings and of numbers. NAMESec with a number of seconds,
// also a fraction, becomes NAMEUSec. InvalidArgument names an annotation that is none of this.
Result<void> add_annotation_properties(const std::map<std::string, std::string>& annotations,
                                       dbus::Properties& properties);

}  // namespace ambit::oci
