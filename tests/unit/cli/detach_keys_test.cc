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

// One step of a session at a terminal; `release`: nothing was typed for a while.
struct Step {
  std::string typed;
  bool release = false;
  std::string out;  // byte for byte, what of it the container gets at once
  bool detached = false;
};

void expect_steps(const char* keys, const std::vector<Step>& steps) {
  DetachKeys detach = *DetachKeys::parse(keys);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::string out;
    if (steps[i].release) detach.release(out);
    EXPECT_EQ(detach.feed(steps[i].typed, out), steps[i].detached) << "step " << i;
    EXPECT_EQ(out, steps[i].out) << "step " << i;
  }
}

TEST(DetachKeysTest, WhatIsHeldIsReleasedOnceAndTheSequenceBeginsAnew) {
  expect_steps("ctrl-p,ctrl-q", {{.typed = "a\x10", .out = "a"},
                                 {.release = true, .out = "\x10"},
                                 {.release = true},
                                 {.typed = "\x11", .out = "\x11"},
                                 {.typed = "\x10"},
                                 {.typed = "\x11", .detached = true}});
  expect_steps("a,a,b", {{.typed = "aa"},
                         {.release = true, .out = "aa"},
                         {.typed = "b", .out = "b"},
                         {.typed = "aaa", .out = "a"},
                         {.typed = "b", .detached = true}});
}

TEST(DetachKeysTest, HoldingIsToldUntilItIsClearWhatItIs) {
  DetachKeys detach = *DetachKeys::parse("ctrl-p,ctrl-q");
  std::string out;
  EXPECT_FALSE(detach.is_holding());
  EXPECT_FALSE(detach.feed("a\x10", out));
  EXPECT_TRUE(detach.is_holding());
  EXPECT_FALSE(detach.feed("b", out));
  EXPECT_FALSE(detach.is_holding());
  EXPECT_EQ(out,
            "a\x10"
            "b");
}

// What the container got, and what is held, are together what was typed, wherever reads are cut.
TEST(DetachKeysTest, NoByteIsLostOrDoubledWhereverReadsAreCut) {
  const std::string typed = std::string("x\x10\x10\0\x10y\xff\x10", 9);
  for (std::size_t cut = 0; cut <= typed.size(); ++cut) {
    DetachKeys detach = *DetachKeys::parse("ctrl-p,ctrl-q");
    std::string out;
    EXPECT_FALSE(detach.feed(typed.substr(0, cut), out));
    EXPECT_FALSE(detach.feed(typed.substr(cut), out));
    detach.release(out);
    EXPECT_EQ(out, typed) << "cut at " << cut;
  }
}

TEST(DetachKeysTest, WithoutASequenceEverythingPasses) {
  const Fed fed = feed("", {"\x10\x11"});
  EXPECT_FALSE(fed.detached);
  EXPECT_EQ(fed.out, "\x10\x11");
}

}  // namespace
}  // namespace ambit::cli
