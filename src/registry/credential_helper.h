#pragma once

#include <string>

#include "base/result.h"
#include "registry/credentials.h"

namespace ambit::registry {

// Runs docker-credential-NAME get, found in $PATH, for `server`; it has 30 seconds. Its protocol is
// that of docker-credential-helpers. Empty where it knows none. InvalidArgument for a name that is
// no plain word; NotFound where there is no such program; else its own words.
Result<Credentials> ask_helper(const std::string& name, const std::string& server);

}  // namespace ambit::registry
