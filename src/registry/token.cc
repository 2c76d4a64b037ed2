#include "registry/token.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "spec/json_reader.h"

namespace ambit::registry {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDetail = 200;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : strf("%%%02X", static_cast<unsigned char>(c));
  }
  return out;
}

std::string param(const Challenge& challenge, const char* name) {
  const auto found = challenge.params.find(name);
  return found == challenge.params.end() ? "" : found->second;
}

void add_pair(std::string& query, const char* name, const std::string& value) {
  if (value.empty()) return;
  if (!query.empty()) query += "&";
  query += std::string(name) + "=" + escaped(value);
}

}  // namespace

Result<HttpRequest> token_request(const Place& place, const Challenge& challenge) {
  const std::string realm = param(challenge, "realm");
  const bool clear = realm.starts_with("http://");
  if (!clear && !realm.starts_with("https://"))
    return Error(ErrorCode::Corrupt, place.endpoint.host + " wants a token and does not say whose");
  if (clear && !place.endpoint.insecure)
    return Error(ErrorCode::Corrupt,
                 place.endpoint.host + " wants a password in clear text, at " + realm);
  std::string scope = param(challenge, "scope");
  if (scope.empty()) scope = "repository:" + place.endpoint.repository + ":pull";
  HttpRequest request{.url = realm, .tls = place.tls};
  if (clear) request.redirects = HttpRequest::Redirects::ToAny;
  std::string query;
  add_pair(query, "service", param(challenge, "service"));
  add_pair(query, "scope", scope);
  if (!place.credentials.identity_token.empty()) {
    add_pair(query, "grant_type", "refresh_token");
    add_pair(query, "refresh_token", place.credentials.identity_token);
    add_pair(query, "client_id", "ambit");
    request.post = query;
    return request;
  }
  add_pair(query, "account", place.credentials.user);
  request.url += (realm.find('?') == std::string::npos ? "?" : "&") + query;
  request.user = place.credentials.user;
  request.password = place.credentials.password;
  return request;
}

Result<std::string> parse_token(std::string_view text) {
  spec::JsonReader read("the token");
  const json object = AMBIT_TRY(read.parse(text));
  std::string token = read.string(object, "token");
  if (token.empty()) token = read.string(object, "access_token");
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) read.wrong("token");
  AMBIT_TRY(read.check());
  return token;
}

std::string error_detail(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || !object.contains("errors") || !object["errors"].is_array()) return "";
  for (const json& error : object["errors"]) {
    if (!error.is_object()) continue;
    std::string said = error.value("message", json()).is_string()
                           ? error["message"].get<std::string>()
                           : std::string();
    for (char& c : said)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    if (said.size() > kMaxDetail) said.resize(kMaxDetail);
    if (!said.empty()) return said;
  }
  return "";
}

}  // namespace ambit::registry
