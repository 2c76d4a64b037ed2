#include "bus/utf8.h"

#include <gtest/gtest.h>

namespace ambit::bus {
namespace {

TEST(ValidUtf8, ValidTextIsKept) {
  const std::string text = "a\u00e9\u20ac\U0001f600";
  EXPECT_EQ(valid_utf8(text), text);
}

struct Case {
  const char* name;
  std::string_view bytes;
  const char* expected;
};

class ValidUtf8Replaces : public testing::TestWithParam<Case> {};

TEST_P(ValidUtf8Replaces, EachBadByte) {
  EXPECT_EQ(valid_utf8(GetParam().bytes), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ValidUtf8Replaces,
                         testing::Values(Case{"Lone",
                                              "a\xff"
                                              "b",
                                              "a\ufffdb"},
                                         Case{"Continuation", "\x80", "\ufffd"},
                                         Case{"CutShort", "\xe2\x82", "\ufffd\ufffd"},
                                         Case{"Overlong", "\xc0\xaf", "\ufffd\ufffd"},
                                         Case{"Surrogate", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
                                         Case{"TooLarge", "\xf4\x90\x80\x80",
                                              "\ufffd\ufffd\ufffd\ufffd"}),
                         [](const testing::TestParamInfo<Case>& each) { return each.param.name; });

TEST(ValidUtf8, EndsAtTheFirstNul) { EXPECT_EQ(valid_utf8(std::string_view("ab\0cd", 5)), "ab"); }

}  // namespace
}  // namespace ambit::bus
