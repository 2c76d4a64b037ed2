#include "base/signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace ambit {
namespace {

TEST(ParseSignalTest, TakesEveryFormThatImagesUse) {
  EXPECT_EQ(*parse_signal("SIGTERM"), SIGTERM);
  EXPECT_EQ(*parse_signal("term"), SIGTERM);
  EXPECT_EQ(*parse_signal("15"), 15);
  EXPECT_EQ(*parse_signal("RTMIN+3"), 37);
  EXPECT_EQ(*parse_signal("SIGRTMIN+3"), 37);
  EXPECT_EQ(*parse_signal("rtmax-1"), 63);
  EXPECT_EQ(*parse_signal("SIGRTMIN"), 34);
}

TEST(ParseSignalTest, NamesWhatItCannotRead) {
  for (const char* text :
       {"", "0", "65", "-1", "SIGFOO", "RTMIN-1", "RTMAX+1", "RTMIN+31", "TERM "})
    EXPECT_FALSE(parse_signal(text)) << text;
  EXPECT_NE(parse_signal("SIGFOO").error().message().find("SIGFOO"), std::string::npos);
}

TEST(SignalNameTest, IsReadBackAsTheSameSignal) {
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == 32 || signal == 33) continue;  // glibc's own; nameless
    EXPECT_EQ(*parse_signal(signal_name(signal)), signal) << signal_name(signal);
  }
}

}  // namespace
}  // namespace ambit
