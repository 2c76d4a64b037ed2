#include "systemd/unit_name.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace ambit::systemd {
namespace {

TEST(ScopeUnit, ANameStaysAsPeopleTypeIt) {
  EXPECT_EQ(scope_unit("web"), "ambit-web.scope");
  EXPECT_EQ(scope_unit("Web-1_a.b"), "ambit-Web-1_a.b.scope");
}

TEST(ScopeUnit, OtherBytesAreEscapedAsSystemdDoes) {
  EXPECT_EQ(scope_unit("a b/c\\"), "ambit-a\\x20b\\x2fc\\x5c.scope");
}

TEST(ScopeUnit, EveryNameComesBack) {
  for (const char* name : {"web", "a-b", "a.b", "x y", "\xc3\xa9", "\\x41"})
    EXPECT_EQ(name_of_scope(scope_unit(name)), name);
}

TEST(PodSlice, AHyphenIsNoLevelOfItsOwn) {
  EXPECT_EQ(pod_slice("web"), "ambit-web.slice");
  EXPECT_EQ(pod_slice("web-1_a.b"), "ambit-web\\x2d1_a.b.slice");
}

TEST(PodScope, IsNoContainers) {
  EXPECT_EQ(pod_scope("web-1"), "ambit-pod:web-1.scope");
  EXPECT_FALSE(is_valid_name(*name_of_scope(pod_scope("web-1"))));
}

TEST(ScopeUnit, OtherUnitsAreNoScopesOfOurs) {
  for (const char* unit : {"ambit-web.service", "web.scope", "ambit-.scope", "ambit.slice", "",
                           "ambit-a\\x4.scope", "ambit-a\\q41.scope"})
    EXPECT_FALSE(name_of_scope(unit)) << unit;
}

TEST(SlicePath, EachLevelOfASlicesNameIsAFolder) {
  EXPECT_EQ(slice_path("ambit.slice"), "ambit.slice");
  EXPECT_EQ(slice_path("a-b-c.slice"), "a.slice/a-b.slice/a-b-c.slice");
  EXPECT_EQ(slice_path("ambit-my\\x2dpod.slice"), "ambit.slice/ambit-my\\x2dpod.slice");
}

}  // namespace
}  // namespace ambit::systemd
