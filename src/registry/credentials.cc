#include "registry/credentials.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "os/file.h"
#include "registry/credential_helper.h"
#include "registry/user_files.h"
#include "spec/json_reader.h"

namespace ambit::registry {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAuthBytes = std::size_t{1} << 20;
constexpr char kDockerHub[] = "https://index.docker.io/v1/";

Result<std::string> decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int n = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                  reinterpret_cast<const unsigned char*>(base64.data()),
                                  static_cast<int>(base64.size()));
  if (n < 0) return Error(ErrorCode::Corrupt, "\"auth\" is not base64");
  bytes.resize(static_cast<std::size_t>(n));
  // Padding is decoded into zeros.
  while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();
  return bytes;
}

// The names under which an entry may stand, the most specific first.
std::vector<std::string> keys_of(std::string_view registry, std::string_view repository) {
  std::vector<std::string> keys;
  for (std::string name = std::string(registry) + "/" + std::string(repository);
       name.size() > registry.size(); name.resize(name.rfind('/')))
    keys.push_back(name);
  keys.emplace_back(registry);
  for (const char* scheme : {"https://", "http://"})
    for (const char* rest : {"", "/", "/v1/", "/v2/"})
      keys.push_back(scheme + std::string(registry) + rest);
  if (registry == "docker.io") keys.emplace_back(kDockerHub);
  return keys;
}

Result<Credentials> read_entry(spec::JsonReader& read, const json& entry) {
  Credentials found;
  found.identity_token = read.string(entry, "identitytoken");
  found.user = read.string(entry, "username");
  found.password = read.string(entry, "password");
  const std::string auth = read.string(entry, "auth");
  if (auth.empty() || !found.user.empty()) return found;
  const std::string both = AMBIT_TRY(decoded(auth));
  const std::size_t colon = both.find(':');
  if (colon == std::string::npos) return Error(ErrorCode::Corrupt, "\"auth\" is not USER:PASSWORD");
  found.user = both.substr(0, colon);
  found.password = both.substr(colon + 1);
  return found;
}

}  // namespace

Result<FoundCredentials> look_up(std::string_view text, std::string_view registry,
                                 std::string_view repository) {
  spec::JsonReader read("credentials");
  const json object = AMBIT_TRY(read.parse(text));
  FoundCredentials found;
  const std::string host(registry);
  found.server = registry == "docker.io" ? kDockerHub : host;
  const auto helpers = read.map(object, "credHelpers");
  if (const auto helper = helpers.find(host); helper != helpers.end()) {
    found.helper = helper->second;
    return found;
  }
  const auto& entries = read.members(object, "auths");
  AMBIT_TRY(read.check());
  for (const std::string& key : keys_of(registry, repository)) {
    const auto entry = entries.find(key);
    if (entry == entries.end() || !entry->second.is_object()) continue;
    found.credentials = AMBIT_TRY(read_entry(read, entry->second).context(key));
    if (!found.credentials.empty()) break;
  }
  if (found.credentials.empty()) found.helper = read.string(object, "credsStore");
  AMBIT_TRY(read.check());
  return found;
}

Result<Credentials> find_credentials(const std::string& registry, const std::string& repository) {
  for (const std::string& path : auth_files()) {
    auto text = os::read_file_at(AT_FDCWD, path, kMaxAuthBytes);
    if (!text && text.error().code() == ErrorCode::NotFound) continue;
    if (!text) return std::move(text).error();
    FoundCredentials found = AMBIT_TRY(look_up(*text, registry, repository).context(path));
    if (!found.credentials.empty()) return std::move(found.credentials);
    if (found.helper.empty()) continue;
    Credentials theirs = AMBIT_TRY(ask_helper(found.helper, found.server).context(path));
    if (!theirs.empty()) return theirs;
  }
  return Credentials();
}

}  // namespace ambit::registry
