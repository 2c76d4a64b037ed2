#include <nlohmann/json.hpp>

#include "spec/runtime_spec_parts.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

struct NamedNamespace {
  NamespaceType type;
  const char* name;
};

constexpr NamedNamespace kNamespaces[] = {
    {NamespaceType::User, "user"},     {NamespaceType::Mount, "mount"},
    {NamespaceType::Pid, "pid"},       {NamespaceType::Network, "network"},
    {NamespaceType::Ipc, "ipc"},       {NamespaceType::Uts, "uts"},
    {NamespaceType::Cgroup, "cgroup"}, {NamespaceType::Time, "time"},
};

std::vector<Namespace> parse_namespaces(JsonReader& read, const json& linux) {
  std::vector<Namespace> namespaces;
  for (const json& item : read.array(linux, "namespaces")) {
    const std::string type = read.string(item, "type");
    bool known = false;
    for (const NamedNamespace& named : kNamespaces) {
      if (type != named.name) continue;
      namespaces.push_back({.type = named.type, .path = read.string(item, "path")});
      known = true;
    }
    // Leaving one out would isolate less than was asked for.
    if (!known) read.wrong("namespaces");
  }
  return namespaces;
}

json write_namespaces(const std::vector<Namespace>& namespaces) {
  json list = json::array();
  for (const Namespace& item : namespaces) {
    json object;
    for (const NamedNamespace& named : kNamespaces)
      if (named.type == item.type) object["type"] = named.name;
    write_filled(object, "path", item.path);
    list.push_back(std::move(object));
  }
  return list;
}

std::vector<Device> parse_devices(JsonReader& read, const json& linux) {
  std::vector<Device> devices;
  for (const json& item : read.array(linux, "devices"))
    devices.push_back({.path = read.string(item, "path"),
                       .type = read.string(item, "type"),
                       .major = read.number<std::int64_t>(item, "major"),
                       .minor = read.number<std::int64_t>(item, "minor"),
                       .file_mode = read.optional_number<std::uint32_t>(item, "fileMode"),
                       .uid = read.optional_number<std::uint32_t>(item, "uid"),
                       .gid = read.optional_number<std::uint32_t>(item, "gid")});
  return devices;
}

json write_device(const Device& device) {
  json item = {{"path", device.path},
               {"type", device.type},
               {"major", device.major},
               {"minor", device.minor}};
  write_optional(item, "fileMode", device.file_mode);
  write_optional(item, "uid", device.uid);
  write_optional(item, "gid", device.gid);
  return item;
}

// The names become lines of /proc/self/timens_offsets: none but those of the specification.
std::map<std::string, TimeOffset> parse_time_offsets(JsonReader& read, const json& linux) {
  constexpr std::uint32_t kNsecPerSec = 1'000'000'000;
  std::map<std::string, TimeOffset> offsets;
  for (const auto& [clock, item] : read.members(linux, "timeOffsets")) {
    if (clock != "monotonic" && clock != "boottime") read.wrong("timeOffsets");
    const TimeOffset offset = {.secs = read.number<std::int64_t>(item, "secs"),
                               .nanosecs = read.number<std::uint32_t>(item, "nanosecs")};
    if (offset.nanosecs >= kNsecPerSec) read.wrong("nanosecs");
    offsets[clock] = offset;
  }
  return offsets;
}

std::optional<Personality> parse_personality(JsonReader& read, const json& object) {
  if (object.is_null()) return std::nullopt;
  return Personality{.domain = read.string(object, "domain"), .flags = read.list(object, "flags")};
}

}  // namespace

std::vector<IdMapping> parse_mappings(JsonReader& read, const json& object, const char* name) {
  std::vector<IdMapping> mappings;
  for (const json& item : read.array(object, name))
    mappings.push_back({.container_id = read.number<std::uint32_t>(item, "containerID"),
                        .host_id = read.number<std::uint32_t>(item, "hostID"),
                        .size = read.number<std::uint32_t>(item, "size")});
  return mappings;
}

json write_mappings(const std::vector<IdMapping>& mappings) {
  json list = json::array();
  for (const IdMapping& mapping : mappings)
    list.push_back({{"containerID", mapping.container_id},
                    {"hostID", mapping.host_id},
                    {"size", mapping.size}});
  return list;
}

void parse_linux(JsonReader& read, const json& linux, RuntimeSpec& spec) {
  spec.namespaces = parse_namespaces(read, linux);
  spec.uid_mappings = parse_mappings(read, linux, "uidMappings");
  spec.gid_mappings = parse_mappings(read, linux, "gidMappings");
  spec.time_offsets = parse_time_offsets(read, linux);
  spec.sysctl = read.map(linux, "sysctl");
  spec.masked_paths = read.list(linux, "maskedPaths");
  spec.readonly_paths = read.list(linux, "readonlyPaths");
  spec.rootfs_propagation = read.string(linux, "rootfsPropagation");
  spec.mount_label = read.string(linux, "mountLabel");
  spec.devices = parse_devices(read, linux);
  spec.cgroups_path = read.string(linux, "cgroupsPath");
  if (const json& resources = read.member(linux, "resources"); !resources.is_null())
    spec.resources = parse_resources(read, resources);
  if (const json& seccomp = read.member(linux, "seccomp"); !seccomp.is_null())
    spec.seccomp = parse_seccomp(read, seccomp);
  spec.personality = parse_personality(read, read.member(linux, "personality"));
  spec.has_intel_rdt = !read.member(linux, "intelRdt").is_null();
}

json write_linux(const RuntimeSpec& spec) {
  json object = {{"namespaces", write_namespaces(spec.namespaces)},
                 {"sysctl", spec.sysctl},
                 {"maskedPaths", spec.masked_paths},
                 {"readonlyPaths", spec.readonly_paths}};
  write_filled(object, "uidMappings", write_mappings(spec.uid_mappings));
  write_filled(object, "gidMappings", write_mappings(spec.gid_mappings));
  for (const auto& [clock, offset] : spec.time_offsets)
    object["timeOffsets"][clock] = {{"secs", offset.secs}, {"nanosecs", offset.nanosecs}};
  write_filled(object, "rootfsPropagation", spec.rootfs_propagation);
  write_filled(object, "mountLabel", spec.mount_label);
  for (const Device& device : spec.devices) object["devices"].push_back(write_device(device));
  write_filled(object, "cgroupsPath", spec.cgroups_path);
  if (spec.resources) object["resources"] = write_resources(*spec.resources);
  if (spec.seccomp) object["seccomp"] = write_seccomp(*spec.seccomp);
  if (spec.personality)
    object["personality"] = {{"domain", spec.personality->domain},
                             {"flags", spec.personality->flags}};
  if (spec.has_intel_rdt) object["intelRdt"] = json::object();
  return object;
}

}  // namespace ambit::spec
