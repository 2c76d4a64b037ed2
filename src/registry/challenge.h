#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

// What a registry asks for with 401: the value of WWW-Authenticate (RFC 9110, 11.6.1).
namespace ambit::registry {

struct Challenge {
  std::string scheme;                         // in lower case: "bearer", "basic"
  std::map<std::string, std::string> params;  // names in lower case: "realm", "service", "scope"
};

// The challenges of one header, in its order. What can't be read is passed over: the header is
// foreign text, and a challenge that is not understood is one that can't be met.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace ambit::registry
