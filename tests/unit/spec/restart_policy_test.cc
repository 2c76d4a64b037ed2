#include "spec/restart_policy.h"

#include <gtest/gtest.h>

#include "spec/container_record.h"
#include "spec/restart_record.h"

namespace ambit::spec {
namespace {

TEST(RestartPolicyTest, TextReadsBackTheSame) {
  for (const char* text :
       {"no", "on-failure", "on-failure:1", "on-failure:4294967295", "always", "unless-stopped"}) {
    const auto policy = parse_restart_policy(text);
    ASSERT_TRUE(policy) << text;
    EXPECT_EQ(to_string(*policy), text);
  }
}

TEST(RestartPolicyTest, OtherTextIsRefusedAndShown) {
  for (const char* text : {"", "Always", "always:3", "on-failure:", "on-failure:-1", "on-failure:x",
                           "on-failure:4294967296", "on-failure 3", "no "}) {
    const auto policy = parse_restart_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(policy.error().message().find(std::string("'") + text + "'"), std::string::npos);
  }
}

TEST(RestartRecordTest, WrittenRecordReadsBackTheSame) {
  const RestartRecord record{.stopped = true, .count = 7, .delay_usec = 60'000'000};
  const auto again = parse_restart_record(write_restart_record(record));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE((*again).stopped);
  EXPECT_EQ((*again).count, 7U);
  EXPECT_EQ((*again).delay_usec, 60'000'000U);
}

TEST(RestartRecordTest, WhatIsCutShortOrForeignIsCorrupt) {
  for (const char* text : {"", "{", "{}", R"({"stopped":1,"count":0,"delayUsec":0})",
                           R"({"stopped":true,"count":-1,"delayUsec":0})"}) {
    const auto record = parse_restart_record(text);
    ASSERT_FALSE(record) << text;
    EXPECT_EQ(record.error().code(), ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace ambit::spec
