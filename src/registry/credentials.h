#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Who the user is at a registry, by containers-auth.json(5) and docker's config.json.
namespace ambit::registry {

// All empty: nobody.
struct Credentials {
  std::string user, password;
  std::string identity_token;  // instead of a password, OAuth2

  bool empty() const noexcept { return user.empty() && password.empty() && identity_token.empty(); }
};

// What one file says.
struct FoundCredentials {
  Credentials credentials;
  std::string helper;  // docker-credential-HELPER has them instead
  std::string server;  // the key to ask it for
};

// The most specific entry for HOST[:PORT]/REPOSITORY: the repository's own, one of a path above it,
// the host's. docker.io is also known as https://index.docker.io/v1/. A file's helper for the host
// goes before its entries. Corrupt for what is no such file.
Result<FoundCredentials> look_up(std::string_view json, std::string_view registry,
                                 std::string_view repository);

// The first of auth_files() that has an entry. Runs docker-credential-HELPER "get" where that is
// who has them (the secret comes over a pipe). A file that is missing has none; the errors of
// others name it.
Result<Credentials> find_credentials(const std::string& registry, const std::string& repository);

}  // namespace ambit::registry
