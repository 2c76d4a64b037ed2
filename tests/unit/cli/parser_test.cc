#include "cli/parser.h"

#include <gtest/gtest.h>

namespace ambit::cli {
namespace {

using Words = std::vector<std::string>;

struct Parsed {
  std::optional<int> code;
  bool all = false;
  bool quiet = false;
  bool proxy = true;
  std::optional<std::string> name;
  Words env;
  Words arguments;
};

Parsed parse(Positionals positionals, Words words) {
  Parsed parsed;
  Parser parser("verb", "X", "summary", positionals);
  parser.flag("-a,--all", parsed.all, "");
  parser.flag("-q,--quiet", parsed.quiet, "");
  parser.flag("--proxy", parsed.proxy, "");
  parser.value("-n,--name", parsed.name, "NAME", "");
  parser.list("-e,--env", parsed.env, "ENV", "");
  std::vector<char*> argv;
  words.insert(words.begin(), "verb");
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  parsed.code = parser.parse(static_cast<int>(argv.size()), argv.data());
  (void)testing::internal::GetCapturedStdout();
  (void)testing::internal::GetCapturedStderr();
  parsed.arguments = parser.arguments();
  return parsed;
}

TEST(ParserTest, OptionsAndArgumentsMixWhereNoCommandFollows) {
  const Parsed parsed = parse(Positionals::Anywhere, {"x", "-aq", "y", "--name", "n", "z"});
  EXPECT_FALSE(parsed.code);
  EXPECT_TRUE(parsed.all && parsed.quiet);
  EXPECT_EQ(parsed.name, "n");
  EXPECT_EQ(parsed.arguments, (Words{"x", "y", "z"}));
}

TEST(ParserTest, NothingBehindTheFirstArgumentIsOursWhereACommandFollows) {
  const Words command = {"image", "-a", "--name", "n", "--bogus", "--", "-e", "--x=", "[", "]"};
  Words words = {"-q"};
  words.insert(words.end(), command.begin(), command.end());
  const Parsed parsed = parse(Positionals::CommandFollows, words);
  EXPECT_FALSE(parsed.code);
  EXPECT_TRUE(parsed.quiet);
  EXPECT_FALSE(parsed.all);
  EXPECT_EQ(parsed.arguments, command);
}

TEST(ParserTest, WordsInBracketsAndBracesStayWhole) {
  const Parsed parsed =
      parse(Positionals::CommandFollows, {"-e", "[a,b]", "-e", "{}", "image", "[a,b]", "{}", ""});
  EXPECT_EQ(parsed.env, (Words{"[a,b]", "{}"}));
  EXPECT_EQ(parsed.arguments, (Words{"image", "[a,b]", "{}", ""}));
}

TEST(ParserTest, AnOptionTakesOneValueAndNoMore) {
  const Parsed parsed = parse(Positionals::CommandFollows, {"-e", "A=1", "image", "B=2"});
  EXPECT_EQ(parsed.env, (Words{"A=1"}));
  EXPECT_EQ(parsed.arguments, (Words{"image", "B=2"}));
}

TEST(ParserTest, AnEmptyValueIsAValue) {
  EXPECT_EQ(parse(Positionals::CommandFollows, {"--name=", "image"}).name, "");
  EXPECT_EQ(parse(Positionals::CommandFollows, {"--name", "", "image"}).name, "");
  EXPECT_EQ(parse(Positionals::CommandFollows, {"--name=", "image"}).arguments, (Words{"image"}));
}

TEST(ParserTest, ValuesMayBeginWithADash) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"-n", "-1", "x"}).name, "-1");
  EXPECT_EQ(parse(Positionals::Anywhere, {"-n-1", "x"}).name, "-1");
}

TEST(ParserTest, TheLastOfSeveralValuesWins) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"--name=a", "--name=b", "x"}).name, "b");
}

TEST(ParserTest, FlagsCanBeSwitchedOff) {
  EXPECT_FALSE(parse(Positionals::Anywhere, {"--proxy=false"}).proxy);
  EXPECT_TRUE(parse(Positionals::Anywhere, {"--proxy"}).proxy);
}

TEST(ParserTest, ALoneDashIsAnArgument) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"-", "-a"}).arguments, (Words{"-"}));
}

TEST(ParserTest, EverythingBehindTwoDashesIsAnArgument) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"x", "--", "-a"}).arguments, (Words{"x", "-a"}));
}

TEST(ParserTest, MistakesEndWith125) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"--bogus"}).code, 125);
  EXPECT_EQ(parse(Positionals::CommandFollows, {"--bogus", "image"}).code, 125);
  EXPECT_EQ(parse(Positionals::CommandFollows, {"-z", "image"}).code, 125);
  EXPECT_EQ(parse(Positionals::Anywhere, {"--name"}).code, 125);
}

TEST(ParserTest, HelpEndsWith0) {
  EXPECT_EQ(parse(Positionals::Anywhere, {"--help"}).code, 0);
  EXPECT_EQ(parse(Positionals::Anywhere, {"-h"}).code, 0);
}

}  // namespace
}  // namespace ambit::cli
