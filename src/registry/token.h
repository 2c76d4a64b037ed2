#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/challenge.h"
#include "registry/place.h"

// Tokens of a registry: the distribution project's "token authentication specification", and OAuth2
// for an identity token.
namespace ambit::registry {

// How to ask for the token that a "Bearer" challenge wants. Corrupt where the challenge names no
// realm, or one that would get the password in clear text: only a place that is insecure may have
// an http:// one.
Result<HttpRequest> token_request(const Place& place, const Challenge& challenge);

// The answer's "token" or "access_token". Corrupt where it has neither.
Result<std::string> parse_token(std::string_view json);

// What an answer says of an error, {"errors": [{"code", "message"}]}, cut to a line; "" where it
// says nothing.
std::string error_detail(std::string_view json);

}  // namespace ambit::registry
