#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// How ambitd starts ambit-fetch: "ambit-fetch" without arguments, descriptor 3 the socket to the
// worker (image/fetch_message.h), descriptor 4 a file in memory with its options, which may hold a
// password. It ends when the worker hangs up, and says nothing to ambitd.
namespace ambit::image {

enum class TlsVerify { AsConfigured, Never, Always };

struct FetchOptions {
  std::string reference;       // as the user wrote it
  std::string user, password;  // instead of those of the user's files; both "" for these
  TlsVerify verify = TlsVerify::AsConfigured;
  unsigned attempts = 5;                 // of one request, the first included
  std::chrono::milliseconds delay{500};  // before the second; doubled for each further one
  std::chrono::seconds idle{30};         // ends a connection that brings nothing for as long
};

std::string write_fetch_options(const FetchOptions& options);

// Corrupt for what ambitd does not write.
Result<FetchOptions> parse_fetch_options(std::string_view json);

// Of a client's environment, "NAME=value" each, those variables that ambit-fetch heeds: proxies and
// the places of configuration and credentials. No other may come from a client.
std::vector<std::string> fetch_environment(const std::vector<std::string>& client);

}  // namespace ambit::image
