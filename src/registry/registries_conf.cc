#include "registry/registries_conf.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace ambit::registry {
namespace {

constexpr char kDefaultRegistry[] = "docker.io";

// A registry's name has a dot or a port, or is localhost; anything else begins a path.
bool names_registry(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view first = name.substr(0, slash);
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost";
}

std::string without_tag(std::string_view name) {
  const std::string_view path = name.substr(0, name.find('@'));
  const std::size_t colon = path.rfind(':');
  const bool has_tag =
      colon != std::string_view::npos && path.find('/', colon) == std::string_view::npos;
  return std::string(has_tag ? path.substr(0, colon) : path);
}

// How much of `name` the prefix covers; 0 where it does not. A prefix ends where a component does.
std::size_t covered(std::string_view prefix, std::string_view name) {
  if (prefix.starts_with("*.")) {
    const std::string_view host = name.substr(0, name.find('/'));
    return host.ends_with(prefix.substr(1)) ? host.size() : 0;
  }
  if (!name.starts_with(prefix)) return 0;
  return name.size() == prefix.size() || name[prefix.size()] == '/' ? prefix.size() : 0;
}

const RegistryRule* rule_for(const RegistriesConf& conf, const std::string& name) {
  const RegistryRule* best = nullptr;
  std::size_t best_length = 0;
  for (const RegistryRule& rule : conf.rules) {
    // An exact host goes before a wildcard that covers as much.
    if (covered(rule.prefix, name) == 0 || rule.prefix.size() <= best_length) continue;
    best = &rule;
    best_length = rule.prefix.size();
  }
  return best;
}

bool serves(const Mirror& mirror, const spec::Reference& reference) {
  switch (mirror.use) {
    case MirrorUse::DigestOnly:
      return !reference.digest.empty();
    case MirrorUse::TagOnly:
      return reference.digest.empty();
    case MirrorUse::Always:
      break;
  }
  return true;
}

// Traffic to this machine itself needs no certificate.
bool is_loopback(const std::string& host) {
  const std::string name = host.substr(0, host.rfind(':'));
  return host == "localhost" || name == "localhost" || name.starts_with("127.") ||
         host.starts_with("[::1]");
}

Endpoint make_endpoint(const std::string& name, bool insecure) {
  const std::size_t slash = name.find('/');
  Endpoint endpoint{.host = name.substr(0, slash),
                    .repository = slash == std::string::npos ? "" : name.substr(slash + 1),
                    .insecure = insecure};
  endpoint.insecure = endpoint.insecure || is_loopback(endpoint.host);
  // The name that people write is not where its service is.
  if (endpoint.host == kDefaultRegistry) endpoint.host = "registry-1.docker.io";
  return endpoint;
}

Endpoint rewritten(const Location& place, const std::string& name, std::size_t length) {
  return make_endpoint(place.location.empty() ? name : place.location + name.substr(length),
                       place.insecure);
}

}  // namespace

Result<std::vector<spec::Reference>> candidates(const RegistriesConf& conf, std::string_view name) {
  std::vector<spec::Reference> found;
  if (names_registry(name)) {
    found.push_back(AMBIT_TRY(spec::parse_reference(name)));
    return found;
  }
  (void)AMBIT_TRY(spec::parse_reference(name));  // its form, before anything is put before it
  const std::string path = without_tag(name);
  const std::string rest(name.substr(path.size()));
  if (const auto alias = conf.aliases.find(path); alias != conf.aliases.end()) {
    found.push_back(
        AMBIT_TRY(spec::parse_reference(alias->second + rest).context("alias of " + path)));
    return found;
  }
  std::vector<std::string> search = conf.search;
  if (search.empty()) search.emplace_back(kDefaultRegistry);
  for (const std::string& registry : search)
    found.push_back(AMBIT_TRY(spec::parse_reference(registry + "/" + path + rest)));
  return found;
}

Result<std::vector<Endpoint>> endpoints(const RegistriesConf& conf,
                                        const spec::Reference& reference) {
  const std::string name = reference.registry + "/" + reference.repository;
  const RegistryRule* rule = rule_for(conf, name);
  if (rule == nullptr) return std::vector{make_endpoint(name, false)};
  if (rule->blocked)
    return Error(ErrorCode::PermissionDenied,
                 name + " is blocked: registries.conf says so for " + rule->prefix);
  const std::size_t length = covered(rule->prefix, name);
  std::vector<Endpoint> places;
  for (const Mirror& mirror : rule->mirrors)
    if (serves(mirror, reference)) places.push_back(rewritten(mirror.place, name, length));
  places.push_back(rewritten(rule->place, name, length));
  return places;
}

}  // namespace ambit::registry
