#include "image/fetch_call.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::image {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> kVariables = {
    "http_proxy",    "https_proxy",        "HTTPS_PROXY",  "all_proxy",
    "ALL_PROXY",     "no_proxy",           "NO_PROXY",     "CONTAINERS_REGISTRIES_CONF",
    "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "SSL_CERT_DIR", "SSL_CERT_FILE",
};

}  // namespace

std::string write_fetch_options(const FetchOptions& options) {
  return json({{"reference", options.reference},
               {"user", options.user},
               {"password", options.password},
               {"verify", static_cast<int>(options.verify)},
               {"attempts", options.attempts},
               {"delayMsec", options.delay.count()},
               {"idleSec", options.idle.count()}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<FetchOptions> parse_fetch_options(std::string_view text) {
  spec::JsonReader read("the options of ambit-fetch");
  const json object = AMBIT_TRY(read.parse(text));
  FetchOptions options{.reference = read.string(object, "reference"),
                       .user = read.string(object, "user"),
                       .password = read.string(object, "password"),
                       .attempts = read.number<unsigned>(object, "attempts"),
                       .delay = std::chrono::milliseconds(read.number<int>(object, "delayMsec")),
                       .idle = std::chrono::seconds(read.number<int>(object, "idleSec"))};
  const int verify = read.number<int>(object, "verify");
  if (verify < 0 || verify > static_cast<int>(TlsVerify::Always)) read.wrong("verify");
  AMBIT_TRY(read.check());
  options.verify = static_cast<TlsVerify>(verify);
  return options;
}

std::vector<std::string> fetch_environment(const std::vector<std::string>& client) {
  std::vector<std::string> passed;
  for (const std::string& entry : client) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (std::find(kVariables.begin(), kVariables.end(), name) != kVariables.end())
      passed.push_back(entry);
  }
  return passed;
}

}  // namespace ambit::image
