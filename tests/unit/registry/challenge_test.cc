#include "registry/challenge.h"

#include <gtest/gtest.h>

namespace ambit::registry {
namespace {

TEST(Challenges, ABearerHasItsParameters) {
  const auto found = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull")");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].params.at("realm"), "https://auth.example/token");
  EXPECT_EQ(found[0].params.at("service"), "registry.example");
  EXPECT_EQ(found[0].params.at("scope"), "repository:a/b:pull");
}

TEST(Challenges, SeveralMayStandInOneHeader) {
  const auto found =
      parse_challenges(R"(Basic realm="x y", Negotiate, BEARER Realm=plain , a="b\"c")");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].scheme, "basic");
  EXPECT_EQ(found[0].params.at("realm"), "x y");
  EXPECT_EQ(found[1].scheme, "negotiate");
  EXPECT_EQ(found[2].params.at("realm"), "plain");
  EXPECT_EQ(found[2].params.at("a"), "b\"c");
}

TEST(Challenges, WhatIsNoneIsPassedOver) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(" ,, \"\" =").empty());
  EXPECT_EQ(parse_challenges("Bearer realm=\"never closed").at(0).params.at("realm"),
            "never closed");
  EXPECT_EQ(parse_challenges("Bearer realm=\"ends with\\").at(0).params.at("realm"), "ends with");
}

}  // namespace
}  // namespace ambit::registry
