#include "oci/scope_properties.h"

#include <variant>

#include "base/strings.h"
#include "systemd/limit_properties.h"
#include "systemd/unit_name.h"

namespace ambit::oci {
namespace {

constexpr std::string_view kSlice = ".slice";

bool ends_in(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Error bad_path(const std::string& path, const char* why) {
  return Error(ErrorCode::InvalidArgument, "cgroupsPath \"" + path + "\": " + why);
}

}  // namespace

Result<ScopeName> scope_name(const std::string& cgroups_path, const std::string& container_id,
                             Authority authority) {
  const char* usual = authority == Authority::System ? "system.slice" : "user.slice";
  if (cgroups_path.empty())
    return ScopeName{systemd::escape_unit_name("oci-" + container_id) + ".scope", usual};
  const std::vector<std::string> parts = split(cgroups_path, ':');
  if (parts.size() != 3)
    return bad_path(cgroups_path, "with --systemd-cgroup it is \"slice:prefix:name\"");
  const std::string& slice = parts[0].empty() ? usual : parts[0];
  if (!ends_in(slice, kSlice) || slice.find('/') != std::string::npos)
    return bad_path(cgroups_path, "the part before the first ':' is no slice");
  if (ends_in(parts[2], kSlice))
    return bad_path(cgroups_path, "a slice can't hold the container's processes");
  if (parts[2].empty()) return bad_path(cgroups_path, "the name is empty");
  const std::string name = parts[1].empty() ? parts[2] : parts[1] + "-" + parts[2];
  return ScopeName{systemd::escape_unit_name(name) + ".scope", slice};
}

Result<void> add_limit_properties(const std::vector<spec::LimitLine>& lines,
                                  dbus::Properties& properties) {
  const systemd::UnitProperties limits = AMBIT_TRY(systemd::limit_properties(lines));
  for (const systemd::UnitProperty& each : limits)
    std::visit([&](const auto& value) { properties.set(each.name, value); }, each.value);
  return {};
}

}  // namespace ambit::oci
