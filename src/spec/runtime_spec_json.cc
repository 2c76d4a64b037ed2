#include <nlohmann/json.hpp>

#include "spec/json_reader.h"
#include "spec/runtime_spec.h"
#include "spec/runtime_spec_parts.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

AmbitSettings parse_ambit(JsonReader& read, const json& object) {
  AmbitSettings settings;
  if (const json& overlay = read.member(object, "overlay"); !overlay.is_null()) {
    settings.overlay.emplace();
    settings.overlay->lower = read.list(overlay, "lower");
    settings.overlay->upper = read.string(overlay, "upper");
    settings.overlay->work = read.string(overlay, "work");
  }
  settings.user = read.string(object, "user");
  settings.init = read.boolean(object, "init");
  return settings;
}

json write_ambit(const AmbitSettings& settings) {
  json object = json::object();
  write_filled(object, "user", settings.user);
  if (settings.init) object["init"] = true;
  if (settings.overlay)
    object["overlay"] = {{"lower", settings.overlay->lower},
                         {"upper", settings.overlay->upper},
                         {"work", settings.overlay->work}};
  return object;
}

}  // namespace

std::vector<Mount> parse_mounts(JsonReader& read, const json& document) {
  std::vector<Mount> mounts;
  for (const json& item : read.array(document, "mounts")) {
    Mount mount;
    mount.destination = read.string(item, "destination");
    mount.type = read.string(item, "type");
    mount.source = read.string(item, "source");
    mount.options = read.list(item, "options");
    mount.uid_mappings = parse_mappings(read, item, "uidMappings");
    mount.gid_mappings = parse_mappings(read, item, "gidMappings");
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

json write_mounts(const std::vector<Mount>& mounts) {
  json list = json::array();
  for (const Mount& mount : mounts) {
    json item = {{"destination", mount.destination},
                 {"type", mount.type},
                 {"source", mount.source},
                 {"options", mount.options}};
    write_filled(item, "uidMappings", write_mappings(mount.uid_mappings));
    write_filled(item, "gidMappings", write_mappings(mount.gid_mappings));
    list.push_back(std::move(item));
  }
  return list;
}

Result<RuntimeSpec> parse_runtime_spec(std::string_view text) {
  JsonReader read("runtime specification");
  const json document = AMBIT_TRY(read.parse(text));
  RuntimeSpec spec;
  spec.oci_version = read.string(document, "ociVersion");
  const json& root = read.member(document, "root");
  spec.root_path = read.string(root, "path");
  spec.root_readonly = read.boolean(root, "readonly");
  spec.process = parse_process(read, read.member(document, "process"));
  spec.hostname = read.string(document, "hostname");
  spec.domainname = read.string(document, "domainname");
  spec.mounts = parse_mounts(read, document);
  spec.hooks = parse_hooks(read, read.member(document, "hooks"));
  spec.annotations = read.map(document, "annotations");
  parse_linux(read, read.member(document, "linux"), spec);
  spec.ambit = parse_ambit(read, read.member(document, "ambit"));
  AMBIT_TRY(read.check());
  return spec;
}

std::string write_runtime_spec(const RuntimeSpec& spec) {
  json document = {{"ociVersion", spec.oci_version},
                   {"root", {{"path", spec.root_path}, {"readonly", spec.root_readonly}}},
                   {"process", write_process(spec.process)},
                   {"hostname", spec.hostname},
                   {"mounts", write_mounts(spec.mounts)},
                   {"annotations", spec.annotations},
                   {"linux", write_linux(spec)}};
  write_filled(document, "ambit", write_ambit(spec.ambit));
  write_filled(document, "domainname", spec.domainname);
  write_filled(document, "hooks", write_hooks(spec.hooks));
  // JSON is UTF-8: a byte that is not becomes U+FFFD. Texts from D-Bus are UTF-8 already.
  return document.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace ambit::spec
