#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/reference.h"

// Where images come from, by containers-registries.conf(5), version 2: the same files that podman,
// skopeo and buildah read.
namespace ambit::registry {

enum class MirrorUse { Always, DigestOnly, TagOnly };

struct Location {
  std::string location;   // HOST[:PORT][/PATH], which replaces the rule's prefix
  bool insecure = false;  // certificates are not checked, and plain HTTP will do
};

struct Mirror {
  Location place;
  MirrorUse use = MirrorUse::Always;
};

struct RegistryRule {
  std::string prefix;  // HOST[:PORT][/PATH], or "*.DOMAIN"
  Location place;
  bool blocked = false;
  std::vector<Mirror> mirrors;
};

struct RegistriesConf {
  std::vector<std::string> search;             // for short names, in this order
  std::map<std::string, std::string> aliases;  // a short name's repository
  std::vector<RegistryRule> rules;
};

// Reads `text` on top of `conf`: a later file's rules go before an earlier one's of the same
// prefix, its aliases and its search list replace. InvalidArgument names the line or the member.
Result<void> add_registries_conf(RegistriesConf& conf, std::string_view text);

// The files of this user: $CONTAINERS_REGISTRIES_CONF, else
// $XDG_CONFIG_HOME/containers/registries.conf, else /etc/containers/registries.conf; then
// registries.conf.d/*.conf of both folders, in the order of their names. One that is missing is
// empty; the errors of others name the file.
Result<RegistriesConf> read_registries_conf();

// What a name may stand for. One with a registry is itself; a short one is its alias, else it is
// looked for in each registry of the search list, docker.io where there is none.
Result<std::vector<spec::Reference>> candidates(const RegistriesConf& conf, std::string_view name);

// One place to ask.
struct Endpoint {
  std::string host;        // HOST[:PORT]
  std::string repository;  // below it
  bool insecure = false;
};

// The mirrors that serve this reference and the place itself, in the order to be tried.
// PermissionDenied where the configuration blocks it.
Result<std::vector<Endpoint>> endpoints(const RegistriesConf& conf,
                                        const spec::Reference& reference);

}  // namespace ambit::registry
