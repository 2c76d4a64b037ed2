#include "registry/credentials.h"

#include <gtest/gtest.h>

#include <string>

#include "registry/token.h"

namespace ambit::registry {
namespace {

// me:secret, you:other
constexpr char kFile[] = R"({"auths": {
  "a.io": {"auth": "bWU6c2VjcmV0"},
  "a.io/team/tool": {"auth": "eW91Om90aGVy"},
  "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"},
  "token.io": {"identitytoken": "T"},
  "kept.io": {}},
  "credHelpers": {"helped.io": "word"}, "credsStore": "store"})";

FoundCredentials found(const std::string& registry, const std::string& repository) {
  const auto result = look_up(kFile, registry, repository);
  EXPECT_TRUE(result) << result.error().message();
  return *result;
}

TEST(Credentials, TheMostSpecificEntryIsTaken) {
  EXPECT_EQ(found("a.io", "other").credentials.user, "me");
  EXPECT_EQ(found("a.io", "other").credentials.password, "secret");
  EXPECT_EQ(found("a.io", "team/tool").credentials.user, "you");
  EXPECT_EQ(found("a.io", "team/tool/part").credentials.user, "you");
  EXPECT_EQ(found("a.io", "team/toolbox").credentials.user, "me");
}

TEST(Credentials, DockersOldNameCounts) {
  EXPECT_EQ(found("docker.io", "library/x").credentials.user, "me");
}

TEST(Credentials, AnIdentityTokenIsTaken) {
  EXPECT_EQ(found("token.io", "x").credentials.identity_token, "T");
}

TEST(Credentials, HelpersAreNamed) {
  EXPECT_EQ(found("helped.io", "x").helper, "word");
  EXPECT_EQ(found("helped.io", "x").server, "helped.io");
  EXPECT_EQ(found("kept.io", "x").helper, "store");
  EXPECT_EQ(found("a.io", "x").helper, "");
}

TEST(Credentials, WhatIsDamagedIsSaid) {
  for (const char* text : {"[]", "{\"auths\": 3}", R"({"auths": {"a.io": {"auth": "!"}}})",
                           R"({"auths": {"a.io": {"auth": "YQ=="}}})"})
    EXPECT_FALSE(look_up(text, "a.io", "x")) << text;
}

Place place_of(const std::string& host) {
  return {.endpoint = {.host = host, .repository = "a/b"},
          .credentials = {.user = "me", .password = "pw"}};
}

Challenge bearer(const std::string& realm) {
  return {.scheme = "bearer", .params = {{"realm", realm}, {"service", "s"}}};
}

TEST(Token, IsAskedForWithServiceScopeAndAccount) {
  const auto request = token_request(place_of("r.io"), bearer("https://auth.io/token?x=1"));
  ASSERT_TRUE(request);
  EXPECT_EQ((*request).url,
            "https://auth.io/token?x=1&service=s&scope=repository%3Aa%2Fb%3Apull&account=me");
  EXPECT_EQ((*request).user, "me");
}

TEST(Token, APasswordNeverGoesInClearText) {
  EXPECT_FALSE(token_request(place_of("r.io"), bearer("http://auth.io/token")));
  EXPECT_FALSE(token_request(place_of("r.io"), bearer("file:///etc/passwd")));
  EXPECT_FALSE(token_request(place_of("r.io"), bearer("")));
  Place insecure = place_of("localhost:5000");
  insecure.endpoint.insecure = true;
  EXPECT_TRUE(token_request(insecure, bearer("http://localhost:5001/token")));
}

TEST(Token, IsReadFromEitherMember) {
  EXPECT_EQ(*parse_token(R"({"token": "t"})"), "t");
  EXPECT_EQ(*parse_token(R"({"access_token": "a"})"), "a");
  EXPECT_FALSE(parse_token("{}"));
  EXPECT_FALSE(parse_token(R"({"token": "a\r\nX: y"})"));
}

TEST(ErrorDetail, IsOneLineOfWhatTheRegistrySays) {
  EXPECT_EQ(error_detail(R"({"errors": [{"code": "X", "message": "no\nway"}]})"), "no way");
  EXPECT_EQ(error_detail(R"({"errors": [3, {"message": 4}]})"), "");
  EXPECT_EQ(error_detail("<html>"), "");
}

}  // namespace
}  // namespace ambit::registry
