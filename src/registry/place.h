#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/fetch_call.h"
#include "registry/credentials.h"
#include "registry/http.h"
#include "registry/registries_conf.h"

namespace ambit::registry {

// An endpoint with all that it takes to ask it, and what it has said of itself so far.
struct Place {
  std::size_t candidate = 0;  // whose it is: of the names that the user may mean
  Endpoint endpoint;
  std::string scheme = "https";
  TlsOptions tls;
  Credentials credentials;

  enum class Auth { None, Basic, Bearer } auth = Auth::None;
  std::string token;           // of Bearer
  bool token_pending = false;  // one is being asked for
  bool has_answered = false;   // by this scheme

  // "https://HOST/v2/REPOSITORY/REST"
  std::string url(const std::string& rest) const;
};

// With its certificates, certs.d. Errors name the file.
Result<Place> make_place(const Endpoint& endpoint, image::TlsVerify verify);

// For messages.
std::string how_to_log_in();

// What is said where the registry does not let the user in.
Error refused(const Place& place, const std::string& what);

}  // namespace ambit::registry
