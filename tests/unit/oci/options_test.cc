#include "oci/options.h"

#include <gtest/gtest.h>

namespace ambit::oci {
namespace {

struct Parsed {
  bool flag = false;
  std::string text;
  Arguments list;
  int number = 0;
  Options options;

  Parsed() {
    options.flag("flag", 'f', flag)
        .text("text", 't', text)
        .list("list", 'l', list)
        .number("number", 'n', number);
  }
};

TEST(OciOptionsTest, EverySpellingOfAValueIsTaken) {
  for (const Arguments& arguments : {Arguments{"--text", "v"}, Arguments{"--text=v"},
                                     Arguments{"-t", "v"}, Arguments{"-tv"}, Arguments{"-t=v"}}) {
    Parsed parsed;
    const auto others = parsed.options.parse(arguments);
    ASSERT_TRUE(others) << others.error().message();
    EXPECT_EQ(parsed.text, "v") << arguments.front();
    EXPECT_TRUE((*others).empty());
  }
}

TEST(OciOptionsTest, FlagsTakeTrueAndFalse) {
  Parsed parsed;
  ASSERT_TRUE(parsed.options.parse({"--flag"}));
  EXPECT_TRUE(parsed.flag);
  ASSERT_TRUE(parsed.options.parse({"--flag=false"}));
  EXPECT_FALSE(parsed.flag);
  EXPECT_FALSE(parsed.options.parse({"--flag=maybe"}));
}

TEST(OciOptionsTest, LettersStandTogether) {
  Parsed parsed;
  ASSERT_TRUE(parsed.options.parse({"-ft", "v"}));
  EXPECT_TRUE(parsed.flag);
  EXPECT_EQ(parsed.text, "v");
}

TEST(OciOptionsTest, AListGrowsAndAnEmptyValueIsOne) {
  Parsed parsed;
  ASSERT_TRUE(parsed.options.parse({"-l", "a", "--list=", "--list", "b"}));
  EXPECT_EQ(parsed.list, (Arguments{"a", "", "b"}));
}

TEST(OciOptionsTest, OptionsMayFollowOtherArguments) {
  Parsed parsed;
  const auto others = parsed.options.parse({"id", "-f", "--", "-t"});
  ASSERT_TRUE(others);
  EXPECT_EQ(*others, (Arguments{"id", "-t"}));
  EXPECT_TRUE(parsed.flag);
}

TEST(OciOptionsTest, TheFirstOtherArgumentEndsThemWhereTheRestIsACommand) {
  Parsed parsed;
  const auto others = parsed.options.parse({"-f", "id", "sh", "-c", "--text"}, Order::OptionsFirst);
  ASSERT_TRUE(others);
  EXPECT_EQ(*others, (Arguments{"id", "sh", "-c", "--text"}));
  EXPECT_EQ(parsed.text, "");
}

TEST(OciOptionsTest, WhatIsWrongIsNamed) {
  const std::pair<Arguments, const char*> kCases[] = {
      {{"--unknown"}, "--unknown"},
      {{"-x"}, "-x"},
      {{"--text"}, "--text"},
      {{"-t"}, "-t"},
      {{"--number", "many"}, "--number"},
      {{"--number=-1"}, "--number"},
  };
  for (const auto& [arguments, name] : kCases) {
    Parsed parsed;
    const auto others = parsed.options.parse(arguments);
    ASSERT_FALSE(others) << name;
    EXPECT_EQ(others.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(others.error().message().find(name), std::string::npos) << others.error().message();
  }
}

}  // namespace
}  // namespace ambit::oci
