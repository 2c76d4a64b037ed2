#include "spec/notify_message.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

std::string again(const char* text) { return write_notify_message(parse_notify_message(text)); }

TEST(NotifyMessageTest, WhatMeansSomethingComesBack) {
  EXPECT_EQ(again("READY=1\nSTATUS=a b\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=5\nWATCHDOG_USEC=6"),
            "READY=1\nSTATUS=a b\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=5\nWATCHDOG_USEC=6\n");
  EXPECT_EQ(again("RELOADING=1\n"), "RELOADING=1\n");
  EXPECT_EQ(again("STOPPING=1\nWATCHDOG=trigger\n"), "STOPPING=1\nWATCHDOG=trigger\n");
}

TEST(NotifyMessageTest, EverythingElseIsLeftOut) {
  EXPECT_EQ(again("MAINPID=1\nFDSTORE=1\nX_NOTE=y\nREADY=0\nready=1\nREADY=1 \nnonsense\n=\n"), "");
  EXPECT_EQ(again("EXTEND_TIMEOUT_USEC=-1\nWATCHDOG_USEC=99999999999999999999\nWATCHDOG=2"), "");
  EXPECT_EQ(again(""), "");
}

TEST(NotifyMessageTest, StatusIsOneLineOfBoundedLength) {
  EXPECT_EQ(again("STATUS=a\tb\x1b[31m"), "STATUS=a b [31m\n");
  const std::string umlauts = [] {
    std::string text;
    while (text.size() < 3 * kMaxStatusBytes) text += "\xc3\xa4";
    return text;
  }();
  const auto message = parse_notify_message("STATUS=x" + umlauts);
  ASSERT_TRUE(message.status);
  EXPECT_EQ((*message.status).size(), kMaxStatusBytes - 1) << "cut in the middle of a character";
}

TEST(NotifyMessageTest, WhatComesLaterWins) {
  NotifyMessage message = parse_notify_message("READY=1\nSTATUS=first");
  message.add(parse_notify_message("RELOADING=1\nWATCHDOG=1"));
  EXPECT_EQ(write_notify_message(message), "RELOADING=1\nSTATUS=first\nWATCHDOG=1\n");
  message.add(parse_notify_message("READY=1\nSTATUS="));
  EXPECT_EQ(write_notify_message(message), "READY=1\nSTATUS=\nWATCHDOG=1\n");
}

}  // namespace
}  // namespace ambit::spec
