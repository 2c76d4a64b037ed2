#include "registry/registries_conf.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ambit::registry {
namespace {

RegistriesConf conf_of(const std::vector<std::string>& files) {
  RegistriesConf conf;
  for (const std::string& text : files) {
    const auto added = add_registries_conf(conf, text);
    EXPECT_TRUE(added) << added.error().message();
  }
  return conf;
}

std::vector<std::string> names(const RegistriesConf& conf, const std::string& name) {
  std::vector<std::string> all;
  const auto found = candidates(conf, name);
  if (!found) return {found.error().message()};
  for (const auto& reference : *found) all.push_back(reference.normalised());
  return all;
}

std::vector<std::string> places(const RegistriesConf& conf, const std::string& name) {
  std::vector<std::string> all;
  const auto found = endpoints(conf, *spec::parse_reference(name));
  if (!found) return {found.error().message()};
  for (const Endpoint& endpoint : *found)
    all.push_back(endpoint.host + " " + endpoint.repository +
                  (endpoint.insecure ? " insecure" : ""));
  return all;
}

using List = std::vector<std::string>;

TEST(Candidates, AShortNameIsDockersWhereNothingIsConfigured) {
  EXPECT_EQ(names({}, "busybox"), List{"docker.io/library/busybox:latest"});
  EXPECT_EQ(names({}, "me/tool:1"), List{"docker.io/me/tool:1"});
}

TEST(Candidates, ANameWithARegistryIsItself) {
  const auto conf = conf_of({"unqualified-search-registries = ['quay.io']"});
  EXPECT_EQ(names(conf, "ghcr.io/a/b"), List{"ghcr.io/a/b:latest"});
  EXPECT_EQ(names(conf, "localhost/b:2"), List{"localhost/b:2"});
  EXPECT_EQ(names(conf, "host:5000/b"), List{"host:5000/b:latest"});
}

TEST(Candidates, AShortNameIsLookedForInOrder) {
  const auto conf = conf_of({"unqualified-search-registries = ['quay.io', 'docker.io']"});
  EXPECT_EQ(names(conf, "b:2"), (List{"quay.io/b:2", "docker.io/library/b:2"}));
}

TEST(Candidates, AnAliasGoesFirstAndKeepsTheTag) {
  const auto conf =
      conf_of({"unqualified-search-registries = ['quay.io']\n"
               "[aliases]\n'fedora' = 'registry.fedoraproject.org/fedora'"});
  EXPECT_EQ(names(conf, "fedora:40"), List{"registry.fedoraproject.org/fedora:40"});
}

TEST(Endpoints, DockersServiceHasAnotherName) {
  EXPECT_EQ(places({}, "busybox"), List{"registry-1.docker.io library/busybox"});
}

TEST(Endpoints, LoopbackNeedsNoCertificate) {
  EXPECT_EQ(places({}, "localhost:5000/a"), List{"localhost:5000 a insecure"});
  EXPECT_EQ(places({}, "127.0.0.1:5000/a"), List{"127.0.0.1:5000 a insecure"});
  EXPECT_EQ(places({}, "localhost.example.org/a"), List{"localhost.example.org a"});
}

TEST(Endpoints, TheLongestPrefixRulesAndIsReplaced) {
  const auto conf =
      conf_of({"[[registry]]\nprefix = 'a.io'\nlocation = 'b.io'\n"
               "[[registry]]\nprefix = 'a.io/team'\nlocation = 'c.io/x'\ninsecure = true\n"});
  EXPECT_EQ(places(conf, "a.io/other/i"), List{"b.io other/i"});
  EXPECT_EQ(places(conf, "a.io/team/i"), List{"c.io x/i insecure"});
  EXPECT_EQ(places(conf, "a.io/teamwork/i"), List{"b.io teamwork/i"});
}

TEST(Endpoints, AWildcardCoversHostsBelowADomain) {
  const auto conf = conf_of({"[[registry]]\nprefix = '*.corp.example'\nblocked = true\n"});
  EXPECT_NE(places(conf, "r.corp.example/i").at(0).find("is blocked"), std::string::npos);
  EXPECT_EQ(places(conf, "corp.example/i"), List{"corp.example i"});
}

TEST(Endpoints, MirrorsComeFirstAsFarAsTheyServe) {
  const auto conf =
      conf_of({"[[registry]]\nlocation = 'a.io'\n"
               "[[registry.mirror]]\nlocation = 'm1.io/a'\ninsecure = true\n"
               "[[registry.mirror]]\nlocation = 'm2.io'\npull-from-mirror = 'digest-only'\n"});
  EXPECT_EQ(places(conf, "a.io/i:1"), (List{"m1.io a/i insecure", "a.io i"}));
  EXPECT_EQ(places(conf, "a.io/i@sha256:" + std::string(64, '0')),
            (List{"m1.io a/i insecure", "m2.io i", "a.io i"}));
}

TEST(RegistriesFile, ALaterFileReplaces) {
  const auto conf = conf_of(
      {"unqualified-search-registries = ['x.io']\n[[registry]]\nlocation = 'a.io'\nblocked = true",
       "unqualified-search-registries = ['y.io']\n[[registry]]\nlocation = 'a.io'"});
  EXPECT_EQ(names(conf, "b"), List{"y.io/b:latest"});
  EXPECT_EQ(places(conf, "a.io/i"), List{"a.io i"});
}

TEST(RegistriesFile, WhatIsWrongIsNamed) {
  RegistriesConf conf;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a = [", "line 1"},
      {"unqualified-search-registries = 'x'", "unqualified-search-registries"},
      {"[[registry]]\nblocked = 'yes'\nlocation = 'a'", "blocked"},
      {"[[registry]]\nblocked = true", "neither prefix nor location"},
      {"[[registry]]\nlocation = 'a'\n[[registry.mirror]]\ninsecure = true", "location"},
      {"[aliases]\na = 1", "\"a\""},
  };
  for (const auto& [text, word] : cases) {
    const auto added = add_registries_conf(conf, text);
    ASSERT_FALSE(added) << text;
    EXPECT_NE(added.error().message().find(word), std::string::npos) << added.error().message();
  }
}

}  // namespace
}  // namespace ambit::registry
