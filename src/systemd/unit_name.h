#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ambit::systemd {

constexpr char kSlice[] = "ambit.slice";
constexpr char kScopePattern[] = "ambit-*.scope";  // for ListUnitsByPatterns

// `text` with every byte that the name of a unit may not have as "\xNN" (systemd-escape(1)), and
// nothing else changed.
std::string escape_unit_name(std::string_view text);

// "ambit-NAME.scope". Every name that is_valid_name() accepts stays as people type it: '-' and '.'
// need no escape in a scope's name (only slices read '-' as a level). Other bytes become "\xNN", as
// systemd-escape(1) has it.
std::string scope_unit(std::string_view name);

// "ambit-POD.slice", a level below ambit.slice. A '-' of the name is "\x2d" in it, since that would
// be a level of its own (systemd.slice(5)).
std::string pod_slice(std::string_view pod);

// "ambit-pod:POD.scope", of the pod's holder: no container has ':' in its name.
std::string pod_scope(std::string_view pod);

// A name as a part of an object's path on the bus: every byte that is no letter or digit as "_XX",
// a leading digit too (sd_bus_path_encode(3)).
std::string bus_path_part(std::string_view name);

// Where a slice is below the manager that owns it: "a.slice/a-b.slice" for "a-b.slice"
// (systemd.slice(5): '-' is a level).
std::string slice_path(std::string_view slice);

// The object of a unit on the bus.
std::string unit_path(std::string_view unit);

// The way back of scope_unit(); nothing where the unit is no scope of ours.
std::optional<std::string> name_of_scope(std::string_view unit);

}  // namespace ambit::systemd
