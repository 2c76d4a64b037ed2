#include "base/strings.h"

#include <gtest/gtest.h>

namespace ambit {
namespace {

TEST(SplitTest, KeepsEmptyParts) {
  EXPECT_EQ(split("a::b", ':'), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ':'), (std::vector<std::string>{""}));
}

TEST(ParseNumberTest, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(*parse_int("-12"), -12);
  for (const char* text : {"", " 1", "1 ", "1x", "0x10", "99999999999999999999"})
    EXPECT_FALSE(parse_int(text)) << text;
  EXPECT_FALSE(parse_uint("-1"));
}

TEST(NameTest, AllowsWhatUnitNamesCanCarry) {
  for (const char* name : {"web", "0", "a_b.c-d", "A"}) EXPECT_TRUE(is_valid_name(name)) << name;
  for (const char* name : {"", "-a", ".a", "_a", "a/b", "a b", "a@b", "\xc3\xa4"})
    EXPECT_FALSE(is_valid_name(name)) << name;
  EXPECT_FALSE(is_valid_name(std::string(201, 'a')));
}

TEST(RandomIdTest, Is64HexDigitsAndNeverTheSame) {
  const std::string id = random_id();
  EXPECT_EQ(id.size(), 64U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(id, random_id());
}

TEST(StrfTest, GrowsToAnyLength) { EXPECT_EQ(strf("%05000d", 0).size(), 5000U); }

}  // namespace
}  // namespace ambit
