#include "spec/log_line.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

TEST(LogLineTest, ARecordIsTimeStreamPartAndBytes) {
  std::string out;
  append_log_line(out,
                  {.realtime_usec = 1'764'085'921'000'042, .stream = "stdout", .bytes = "a b"});
  append_log_line(out, {.realtime_usec = 951'782'400'000'000,
                        .stream = "stderr",
                        .part = LogPart::Part,
                        .bytes = ""});
  EXPECT_EQ(out,
            "2025-11-25T15:52:01.000042Z stdout F a b\n"
            "2000-02-29T00:00:00.000000Z stderr P \n");
}

TEST(LogLineTest, AnyBytesComeBack) {
  std::string bytes;
  for (int c = 0; c < 256; ++c)
    if (c != '\n') bytes += static_cast<char>(c);
  for (const std::string& text : {bytes, std::string(" F "), std::string(), std::string("\r")}) {
    std::string out;
    append_log_line(out, {.realtime_usec = 1, .stream = "stdout", .bytes = text});
    const auto line = parse_log_line(std::string_view(out).substr(0, out.size() - 1));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->realtime_usec, 1);
    EXPECT_EQ(line->stream, "stdout");
    EXPECT_EQ(line->part, LogPart::Line);
    EXPECT_EQ(line->bytes, text);
  }
}

TEST(LogLineTest, WhatIsNoRecordIsNone) {
  for (const char* text :
       {"", "x", "2025-11-25T15:52:01.000042Z", "2025-11-25T15:52:01.000042Z ",
        "2025-11-25T15:52:01.000042Z stdout", "2025-11-25T15:52:01.000042Z stdout F",
        "2025-11-25T15:52:01.000042Z stdout X a", "2025-11-25T15:52:01.000042Z  F a",
        "2025-13-25T15:52:01.000042Z stdout F a", "2025-11-25T15:52:01.00004Z stdout F a",
        "2025-11-25 15:52:01.000042Z stdout F a"})
    EXPECT_FALSE(parse_log_line(text)) << text;
}

TEST(LogLineTest, AFileHasANumberAndNoOtherName) {
  EXPECT_EQ(log_file_name(17), "17.log");
  EXPECT_EQ(log_file_number("17.log"), 17U);
  for (const char* name : {"", ".log", "0.log", "01.log", "-1.log", "+1.log", "1.log.gz", "1",
                           "99999999999999999999.log", "18446744073709551615.log", "a.log"})
    EXPECT_FALSE(log_file_number(name)) << name;
}

}  // namespace
}  // namespace ambit::spec
