#include <utility>

#include "registry/fetcher.h"

namespace ambit::registry {

namespace {

// A mirror is another party: it gets its own credentials, and never those of what it mirrors.
Result<Credentials> credentials_for(const image::FetchOptions& options, const spec::Reference& name,
                                    const Endpoint& endpoint, std::size_t mirrors_left) {
  if (mirrors_left > 0) return find_credentials(endpoint.host, endpoint.repository);
  if (!options.user.empty()) return Credentials{.user = options.user, .password = options.password};
  return find_credentials(name.registry, name.repository);
}

}  // namespace

Result<Places> find_places(const image::FetchOptions& options) {
  const RegistriesConf conf = AMBIT_TRY(read_registries_conf());
  Places found;
  found.names = AMBIT_TRY(candidates(conf, options.reference));
  for (std::size_t i = 0; i < found.names.size(); ++i) {
    const std::vector<Endpoint> list = AMBIT_TRY(endpoints(conf, found.names[i]));
    for (std::size_t k = 0; k < list.size(); ++k) {
      Place place = AMBIT_TRY(make_place(list[k], options.verify));
      place.candidate = i;
      place.credentials =
          AMBIT_TRY(credentials_for(options, found.names[i], list[k], list.size() - 1 - k));
      found.places.push_back(std::move(place));
    }
  }
  return found;
}

}  // namespace ambit::registry
