#include "spec/log_options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Texts = std::map<std::string, std::string>;

TEST(LogOptionsTest, TextsBecomeNumbersAndComeBack) {
  auto options = parse_log_options({{"max-size", "512k"}, {"max-file", "5"}}, kLogFile);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->max_size_bytes, 512U * 1024);
  EXPECT_EQ(options->max_files, 5U);
  EXPECT_EQ(log_option_texts(*options), (Texts{{"max-size", "524288"}, {"max-file", "5"}}));
  EXPECT_EQ(*parse_log_options(log_option_texts(*options), kLogFile), *options);
  EXPECT_EQ(parse_log_options({{"tag", "web shop"}}, kLogJournald)->tag, "web shop");
  EXPECT_EQ(log_option_texts(LogOptions()), Texts());
}

TEST(LogOptionsTest, WhatIsUnknownOrOfAnotherDriverIsRefusedByName) {
  const struct {
    Texts texts;
    const char* driver;
    const char* said;
  } cases[] = {
      {{{"max-sise", "1m"}}, kLogFile, "max-sise"},
      {{{"max-size", "1m"}}, kLogJournald, "'max-size' is no log option of the driver journald"},
      {{{"tag", "x"}}, kLogFile, "it has max-size, max-file"},
      {{{"tag", "x"}}, kLogNone, "it has none"},
      {{{"path", "/tmp/x"}}, kLogFile, "logPath"},
      {{{"max-size", "0"}}, kLogFile, "max-size=0"},
      {{{"max-size", "4095"}}, kLogFile, "max-size=4095"},
      {{{"max-size", "big"}}, kLogFile, "max-size=big"},
      {{{"max-file", "0"}}, kLogFile, "max-file=0"},
      {{{"max-file", "101"}}, kLogFile, "max-file=101"},
      {{{"tag", ""}}, kLogJournald, "tag="},
      {{{"tag", "a\nb"}}, kLogJournald, "control"},
      {{{"tag", "{{.Name}}"}}, kLogJournald, "templates"},
  };
  for (const auto& c : cases) {
    auto options = parse_log_options(c.texts, c.driver);
    ASSERT_FALSE(options) << c.said;
    EXPECT_EQ(options.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(options.error().message().find(c.said), std::string::npos)
        << options.error().message();
  }
}

TEST(LogOptionsTest, TheRecordHasWhatIsNotAsByItself) {
  EXPECT_TRUE(to_json(LogOptions()).is_null());
  const LogOptions options{.max_size_bytes = 4096,
                           .max_files = 1,
                           .tag = "t",
                           .fallback_reason = "journald does not run"};
  JsonReader read("record");
  EXPECT_EQ(log_options_from(read, to_json(options)), options);
  EXPECT_EQ(log_options_from(read, nlohmann::json()), LogOptions());
  EXPECT_TRUE(read.check());
}

}  // namespace
}  // namespace ambit::spec
