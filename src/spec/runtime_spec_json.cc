#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "spec/json_reader.h"
#include "spec/runtime_spec.h"

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

// What JsonReader has no need of elsewhere.
template <typename T>
T number(JsonReader& read, const json& object, const char* name) {
  const json& value = read.member(object, name);
  if (value.is_null()) return 0;
  if (value.is_number_unsigned()) {
    const auto wide = value.get<std::uint64_t>();
    if (wide <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      return static_cast<T>(wide);
  } else if (value.is_number_integer() && std::numeric_limits<T>::is_signed) {
    const auto wide = value.get<std::int64_t>();
    if (wide >= static_cast<std::int64_t>(std::numeric_limits<T>::min()))
      return static_cast<T>(wide);
  }
  read.wrong(name);
  return 0;
}

template <typename T>
std::optional<T> optional_number(JsonReader& read, const json& object, const char* name) {
  if (read.member(object, name).is_null()) return std::nullopt;
  return number<T>(read, object, name);
}

bool boolean(JsonReader& read, const json& object, const char* name, bool missing) {
  const json& value = read.member(object, name);
  if (value.is_null()) return missing;
  if (!value.is_boolean()) read.wrong(name);
  return value.is_boolean() && value.get<bool>();
}

User parse_user(JsonReader& read, const json& object) {
  User user;
  user.uid = number<std::uint32_t>(read, object, "uid");
  user.gid = number<std::uint32_t>(read, object, "gid");
  user.umask = optional_number<std::uint32_t>(read, object, "umask");
  for (const json& gid : read.array(object, "additionalGids"))
    user.additional_gids.push_back(
        number<std::uint32_t>(read, {{"additionalGids", gid}}, "additionalGids"));
  return user;
}

Capabilities parse_capabilities(JsonReader& read, const json& object) {
  Capabilities sets;
  sets.bounding = read.list(object, "bounding");
  sets.effective = read.list(object, "effective");
  sets.inheritable = read.list(object, "inheritable");
  sets.permitted = read.list(object, "permitted");
  sets.ambient = read.list(object, "ambient");
  return sets;
}

ProcessSpec parse_process(JsonReader& read, const json& object) {
  ProcessSpec process;
  process.args = read.list(object, "args");
  process.env = read.list(object, "env");
  if (std::string cwd = read.string(object, "cwd"); !cwd.empty()) process.cwd = std::move(cwd);
  process.terminal = boolean(read, object, "terminal", false);
  if (const json& size = read.member(object, "consoleSize"); !size.is_null())
    process.console_size = ConsoleSize{.rows = number<std::uint16_t>(read, size, "height"),
                                       .columns = number<std::uint16_t>(read, size, "width")};
  process.user = parse_user(read, read.member(object, "user"));
  process.capabilities = parse_capabilities(read, read.member(object, "capabilities"));
  for (const json& item : read.array(object, "rlimits")) {
    Rlimit limit;
    limit.type = read.string(item, "type");
    limit.hard = number<std::uint64_t>(read, item, "hard");
    limit.soft = number<std::uint64_t>(read, item, "soft");
    process.rlimits.push_back(std::move(limit));
  }
  // The specification's default is false; a spec of ours always says.
  process.no_new_privileges = boolean(read, object, "noNewPrivileges", false);
  process.oom_score_adj = optional_number<int>(read, object, "oomScoreAdj");
  return process;
}

std::vector<Mount> parse_mounts(JsonReader& read, const json& document) {
  std::vector<Mount> mounts;
  for (const json& item : read.array(document, "mounts")) {
    Mount mount;
    mount.destination = read.string(item, "destination");
    mount.type = read.string(item, "type");
    mount.source = read.string(item, "source");
    mount.options = read.list(item, "options");
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<IdMapping> parse_mappings(JsonReader& read, const json& linux, const char* name) {
  std::vector<IdMapping> mappings;
  for (const json& item : read.array(linux, name))
    mappings.push_back({.container_id = number<std::uint32_t>(read, item, "containerID"),
                        .host_id = number<std::uint32_t>(read, item, "hostID"),
                        .size = number<std::uint32_t>(read, item, "size")});
  return mappings;
}

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

void parse_linux(JsonReader& read, const json& linux, RuntimeSpec& spec) {
  spec.namespaces = parse_namespaces(read, linux);
  spec.uid_mappings = parse_mappings(read, linux, "uidMappings");
  spec.gid_mappings = parse_mappings(read, linux, "gidMappings");
  spec.sysctl = read.map(linux, "sysctl");
  spec.masked_paths = read.list(linux, "maskedPaths");
  spec.readonly_paths = read.list(linux, "readonlyPaths");
  spec.rootfs_propagation = read.string(linux, "rootfsPropagation");
}

AmbitSettings parse_ambit(JsonReader& read, const json& object) {
  AmbitSettings settings;
  if (const json& overlay = read.member(object, "overlay"); !overlay.is_null()) {
    settings.overlay.emplace();
    settings.overlay->lower = read.list(overlay, "lower");
    settings.overlay->upper = read.string(overlay, "upper");
    settings.overlay->work = read.string(overlay, "work");
  }
  settings.user = read.string(object, "user");
  settings.init = boolean(read, object, "init", false);
  return settings;
}

json write_user(const User& user) {
  json object = {{"uid", user.uid}, {"gid", user.gid}};
  if (!user.additional_gids.empty()) object["additionalGids"] = user.additional_gids;
  if (user.umask) object["umask"] = *user.umask;
  return object;
}

json write_process(const ProcessSpec& process) {
  const Capabilities& sets = process.capabilities;
  json object = {{"args", process.args},
                 {"env", process.env},
                 {"cwd", process.cwd},
                 {"terminal", process.terminal},
                 {"user", write_user(process.user)},
                 {"capabilities",
                  {{"bounding", sets.bounding},
                   {"effective", sets.effective},
                   {"inheritable", sets.inheritable},
                   {"permitted", sets.permitted},
                   {"ambient", sets.ambient}}},
                 {"noNewPrivileges", process.no_new_privileges}};
  if (process.console_size)
    object["consoleSize"] = {{"height", process.console_size->rows},
                             {"width", process.console_size->columns}};
  for (const Rlimit& limit : process.rlimits)
    object["rlimits"].push_back({{"type", limit.type}, {"hard", limit.hard}, {"soft", limit.soft}});
  if (process.oom_score_adj) object["oomScoreAdj"] = *process.oom_score_adj;
  return object;
}

json write_mounts(const std::vector<Mount>& mounts) {
  json list = json::array();
  for (const Mount& mount : mounts)
    list.push_back({{"destination", mount.destination},
                    {"type", mount.type},
                    {"source", mount.source},
                    {"options", mount.options}});
  return list;
}

json write_mappings(const std::vector<IdMapping>& mappings) {
  json list = json::array();
  for (const IdMapping& mapping : mappings)
    list.push_back({{"containerID", mapping.container_id},
                    {"hostID", mapping.host_id},
                    {"size", mapping.size}});
  return list;
}

json write_namespaces(const std::vector<Namespace>& namespaces) {
  json list = json::array();
  for (const Namespace& item : namespaces) {
    json object;
    for (const NamedNamespace& named : kNamespaces)
      if (named.type == item.type) object["type"] = named.name;
    if (!item.path.empty()) object["path"] = item.path;
    list.push_back(std::move(object));
  }
  return list;
}

json write_linux(const RuntimeSpec& spec) {
  json object = {{"namespaces", write_namespaces(spec.namespaces)},
                 {"sysctl", spec.sysctl},
                 {"maskedPaths", spec.masked_paths},
                 {"readonlyPaths", spec.readonly_paths}};
  if (!spec.uid_mappings.empty()) object["uidMappings"] = write_mappings(spec.uid_mappings);
  if (!spec.gid_mappings.empty()) object["gidMappings"] = write_mappings(spec.gid_mappings);
  if (!spec.rootfs_propagation.empty()) object["rootfsPropagation"] = spec.rootfs_propagation;
  return object;
}

json write_ambit(const AmbitSettings& settings) {
  json object = {{"user", settings.user}, {"init", settings.init}};
  if (settings.overlay)
    object["overlay"] = {{"lower", settings.overlay->lower},
                         {"upper", settings.overlay->upper},
                         {"work", settings.overlay->work}};
  return object;
}

}  // namespace

Result<RuntimeSpec> parse_runtime_spec(std::string_view text) {
  JsonReader read("runtime specification");
  const json document = AMBIT_TRY(read.parse(text));
  RuntimeSpec spec;
  spec.oci_version = read.string(document, "ociVersion");
  const json& root = read.member(document, "root");
  spec.root_path = read.string(root, "path");
  spec.root_readonly = boolean(read, root, "readonly", false);
  spec.process = parse_process(read, read.member(document, "process"));
  spec.hostname = read.string(document, "hostname");
  spec.mounts = parse_mounts(read, document);
  spec.annotations = read.map(document, "annotations");
  parse_linux(read, read.member(document, "linux"), spec);
  spec.ambit = parse_ambit(read, read.member(document, "ambit"));
  AMBIT_TRY(read.check());
  return spec;
}

std::string write_runtime_spec(const RuntimeSpec& spec) {
  const json document = {{"ociVersion", spec.oci_version},
                         {"root", {{"path", spec.root_path}, {"readonly", spec.root_readonly}}},
                         {"process", write_process(spec.process)},
                         {"hostname", spec.hostname},
                         {"mounts", write_mounts(spec.mounts)},
                         {"annotations", spec.annotations},
                         {"linux", write_linux(spec)},
                         {"ambit", write_ambit(spec.ambit)}};
  // JSON is UTF-8: a byte that is not becomes U+FFFD. Texts from D-Bus are UTF-8 already.
  return document.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace ambit::spec
