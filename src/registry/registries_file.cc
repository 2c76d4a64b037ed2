// Reads registries.conf. The files are the user's own and the administrator's.

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "os/dir.h"
#include "os/file.h"
#include "registry/registries_conf.h"
#include "registry/user_files.h"

namespace ambit::registry {
namespace {

constexpr std::size_t kMaxConfBytes = std::size_t{1} << 20;

Error wrong(const std::string& what) { return Error(ErrorCode::InvalidArgument, what); }

Result<std::string> string_of(const toml::table& table, const char* name) {
  const toml::node* node = table.get(name);
  if (node == nullptr) return std::string();
  const auto value = node->value_exact<std::string>();
  if (!value) return wrong(std::string(name) + " must be a string");
  return *value;
}

Result<bool> flag_of(const toml::table& table, const char* name) {
  const toml::node* node = table.get(name);
  if (node == nullptr) return false;
  const auto value = node->value_exact<bool>();
  if (!value) return wrong(std::string(name) + " must be true or false");
  return *value;
}

Result<std::vector<const toml::table*>> tables_of(const toml::table& table, const char* name) {
  std::vector<const toml::table*> tables;
  const toml::node* node = table.get(name);
  if (node == nullptr) return tables;
  if (!node->is_array_of_tables()) return wrong(std::string("[[") + name + "]] must be tables");
  for (const toml::node& item : *node->as_array()) tables.push_back(item.as_table());
  return tables;
}

Result<MirrorUse> mirror_use(const toml::table& mirror, MirrorUse usual) {
  const std::string use = AMBIT_TRY(string_of(mirror, "pull-from-mirror"));
  if (use.empty()) return usual;
  if (use == "all") return MirrorUse::Always;
  if (use == "digest-only") return MirrorUse::DigestOnly;
  if (use == "tag-only") return MirrorUse::TagOnly;
  return wrong("pull-from-mirror must be all, digest-only or tag-only, not \"" + use + "\"");
}

Result<RegistryRule> read_rule(const toml::table& table) {
  RegistryRule rule;
  rule.prefix = AMBIT_TRY(string_of(table, "prefix"));
  rule.place.location = AMBIT_TRY(string_of(table, "location"));
  if (rule.prefix.empty()) rule.prefix = rule.place.location;
  if (rule.prefix.empty()) return wrong("a [[registry]] has neither prefix nor location");
  rule.place.insecure = AMBIT_TRY(flag_of(table, "insecure"));
  rule.blocked = AMBIT_TRY(flag_of(table, "blocked"));
  const bool only_digests = AMBIT_TRY(flag_of(table, "mirror-by-digest-only"));
  const MirrorUse usual = only_digests ? MirrorUse::DigestOnly : MirrorUse::Always;
  for (const toml::table* item : AMBIT_TRY(tables_of(table, "mirror"))) {
    Mirror mirror;
    mirror.place.location = AMBIT_TRY(string_of(*item, "location"));
    if (mirror.place.location.empty()) return wrong("a [[registry.mirror]] has no location");
    mirror.place.insecure = AMBIT_TRY(flag_of(*item, "insecure"));
    mirror.use = AMBIT_TRY(mirror_use(*item, usual));
    rule.mirrors.push_back(std::move(mirror));
  }
  return rule;
}

Result<void> read_search(RegistriesConf& conf, const toml::table& table) {
  const toml::node* node = table.get("unqualified-search-registries");
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) return wrong("unqualified-search-registries must be a list");
  conf.search.clear();
  for (const toml::node& item : *list) {
    const auto name = item.value_exact<std::string>();
    if (!name) return wrong("unqualified-search-registries must be a list of strings");
    conf.search.push_back(*name);
  }
  return {};
}

Result<void> read_aliases(RegistriesConf& conf, const toml::table& table) {
  const toml::node* node = table.get("aliases");
  if (node == nullptr) return {};
  if (!node->is_table()) return wrong("[aliases] must be a table");
  for (const auto& [name, value] : *node->as_table()) {
    const auto target = value.value_exact<std::string>();
    if (!target) return wrong("the alias \"" + std::string(name.str()) + "\" must be a string");
    conf.aliases.insert_or_assign(std::string(name.str()), *target);
  }
  return {};
}

Result<void> add_file(RegistriesConf& conf, const std::string& path) {
  auto text = os::read_file_at(AT_FDCWD, path, kMaxConfBytes);
  if (!text && text.error().code() == ErrorCode::NotFound) return {};
  if (!text) return std::move(text).error();
  return add_registries_conf(conf, *text).context(path);
}

Result<void> add_folder(RegistriesConf& conf, const std::string& path) {
  const UniqueFd dir(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return {};
  std::vector<std::string> names = AMBIT_TRY(os::list_names(dir.get()).context(path));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names)
    if (name.ends_with(".conf")) AMBIT_TRY(add_file(conf, path + "/" + name));
  return {};
}

}  // namespace

Result<void> add_registries_conf(RegistriesConf& conf, std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return wrong(strf("line %u: %s", parsed.error().source().begin.line,
                      std::string(parsed.error().description()).c_str()));
  const toml::table& table = parsed.table();
  AMBIT_TRY(read_search(conf, table));
  AMBIT_TRY(read_aliases(conf, table));
  for (const toml::table* item : AMBIT_TRY(tables_of(table, "registry"))) {
    RegistryRule rule = AMBIT_TRY(read_rule(*item));
    std::erase_if(conf.rules, [&](const RegistryRule& r) { return r.prefix == rule.prefix; });
    conf.rules.push_back(std::move(rule));
  }
  return {};
}

Result<RegistriesConf> read_registries_conf() {
  RegistriesConf conf;
  if (const std::string path = environment("CONTAINERS_REGISTRIES_CONF"); !path.empty()) {
    AMBIT_TRY(add_file(conf, path));
    return conf;
  }
  const std::string own = own_containers_dir();
  const bool has_own = ::access((own + "/registries.conf").c_str(), F_OK) == 0;
  AMBIT_TRY(
      add_file(conf, (has_own ? own : std::string(kSystemContainersDir)) + "/registries.conf"));
  AMBIT_TRY(add_folder(conf, kSystemContainersDir + std::string("/registries.conf.d")));
  AMBIT_TRY(add_folder(conf, own + "/registries.conf.d"));
  return conf;
}

}  // namespace ambit::registry
