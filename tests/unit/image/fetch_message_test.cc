#include "image/fetch_message.h"

#include <gtest/gtest.h>

#include "image/fetch_call.h"

namespace ambit::image {
namespace {

TEST(FetchMessage, ARequestComesBack) {
  const FetchRequest sent{.id = 7, .kind = FetchKind::Blob, .name = "sha256:x", .size_bytes = 9};
  const auto got = parse_fetch_request(write_message(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ((*got).id, 7U);
  EXPECT_EQ((*got).kind, FetchKind::Blob);
  EXPECT_EQ((*got).name, "sha256:x");
  EXPECT_EQ((*got).size_bytes, 9U);
}

TEST(FetchMessage, AnEndComesBackWithItsError) {
  const auto got = parse_fetch_answer(
      write_message(FetchEnd{.id = 3, .error = Error(ErrorCode::Unauthorized, "no")}));
  ASSERT_TRUE(got);
  const auto* end = std::get_if<FetchEnd>(&*got);
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->id, 3U);
  ASSERT_TRUE(end->error);
  EXPECT_EQ(end->error->code(), ErrorCode::Unauthorized);
  EXPECT_EQ(end->error->message(), "no");
}

TEST(FetchMessage, WhatNobodyWritesIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"id": -1, "kind": "blob"})", R"({"id": 1, "kind": "x"})"})
    EXPECT_FALSE(parse_fetch_request(text)) << text;
  for (const char* text : {"", "{}", R"({"id": 1, "type": "x"})",
                           R"({"id": 1, "type": "end", "error": {"code": 9999}})"})
    EXPECT_FALSE(parse_fetch_answer(text)) << text;
}

TEST(FetchOptions, ComeBack) {
  const FetchOptions sent{.reference = "a",
                          .user = "u",
                          .password = "p",
                          .verify = TlsVerify::Never,
                          .attempts = 2,
                          .delay = std::chrono::milliseconds(3),
                          .idle = std::chrono::seconds(4)};
  const auto got = parse_fetch_options(write_fetch_options(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ((*got).reference, "a");
  EXPECT_EQ((*got).password, "p");
  EXPECT_EQ((*got).verify, TlsVerify::Never);
  EXPECT_EQ((*got).attempts, 2U);
  EXPECT_EQ((*got).delay.count(), 3);
  EXPECT_EQ((*got).idle.count(), 4);
}

TEST(FetchEnvironment, TakesNoVariableThatSteersTheProgram) {
  const std::vector<std::string> kept =
      fetch_environment({"LD_PRELOAD=/x", "https_proxy=p", "PATH=/x", "REGISTRY_AUTH_FILE=/a",
                         "HTTP_PROXY=cgi", "no_proxyx=1"});
  EXPECT_EQ(kept, (std::vector<std::string>{"https_proxy=p", "REGISTRY_AUTH_FILE=/a"}));
}

}  // namespace
}  // namespace ambit::image
