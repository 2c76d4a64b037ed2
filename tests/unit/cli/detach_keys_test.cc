#include "cli/detach_keys.h"

#include <gtest/gtest.h>

namespace ambit::cli {
namespace {

struct Fed {
  std::string out;
  bool detached = false;
};

Fed feed(const char* keys, const std::vector<std::string>& reads) {
  DetachKeys detach = *DetachKeys::parse(keys);
  Fed fed;
  for (const std::string& read : reads)
    if (detach.feed(read, fed.out)) {
      fed.detached = true;
      break;
    }
  return fed;
}

TEST(DetachKeysTest, NamesBecomeControlCharacters) {
  EXPECT_EQ(DetachKeys::parse("ctrl-p,ctrl-q")->sequence(), "\x10\x11");
  EXPECT_EQ(DetachKeys::parse("CTRL-A,x")->sequence(), "\x01x");
  EXPECT_EQ(DetachKeys::parse("ctrl-@,ctrl-[,ctrl-_")->sequence(), std::string("\0\x1b\x1f", 3));
  EXPECT_EQ(DetachKeys::parse("")->sequence(), "");
}

TEST(DetachKeysTest, WhatIsNoKeyIsRefusedAndShown) {
  for (const char* text : {"ctrl-1", "ctrl-", "pq", "ctrl-p,", ",", "alt-x"}) {
    const auto keys = DetachKeys::parse(text);
    ASSERT_FALSE(keys) << text;
    EXPECT_NE(keys.error().message().find(text), std::string::npos);
  }
}

TEST(DetachKeysTest, TheSequenceIsFoundInOneRead) {
  const Fed fed = feed("ctrl-p,ctrl-q", {"ab\x10\x11zz"});
  EXPECT_TRUE(fed.detached);
  EXPECT_EQ(fed.out, "ab");
}

TEST(DetachKeysTest, TheSequenceIsFoundAcrossReads) {
  const Fed fed = feed("ctrl-p,ctrl-q", {"ab\x10", "\x11"});
  EXPECT_TRUE(fed.detached);
  EXPECT_EQ(fed.out, "ab");
}

TEST(DetachKeysTest, ABeginningThatGoesOnOtherwiseReachesTheContainer) {
  const Fed fed = feed("ctrl-p,ctrl-q", {"\x10", "x"});
  EXPECT_FALSE(fed.detached);
  EXPECT_EQ(fed.out, "\x10x");
}

TEST(DetachKeysTest, ABeginningIsHeldBackUntilTheNextKey) {
  EXPECT_EQ(feed("ctrl-p,ctrl-q", {"a\x10"}).out, "a");
}

TEST(DetachKeysTest, ARepeatedFirstKeyBeginsTheSequenceAnew) {
  const Fed fed = feed("ctrl-p,ctrl-q", {"\x10\x10\x11"});
  EXPECT_TRUE(fed.detached);
  EXPECT_EQ(fed.out, "\x10");
}

TEST(DetachKeysTest, ASequenceThatOverlapsItselfIsFound) {
  const Fed fed = feed("a,a,b", {"a", "a", "a", "b"});
  EXPECT_TRUE(fed.detached);
  EXPECT_EQ(fed.out, "a");
  const Fed other = feed("a,b,a,c", {"ababac"});
  EXPECT_TRUE(other.detached);
  EXPECT_EQ(other.out, "ab");
}

TEST(DetachKeysTest, WithoutASequenceEverythingPasses) {
  const Fed fed = feed("", {"\x10\x11"});
  EXPECT_FALSE(fed.detached);
  EXPECT_EQ(fed.out, "\x10\x11");
}

}  // namespace
}  // namespace ambit::cli
