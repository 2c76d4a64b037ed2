#include "dbus/message.h"

#include <gtest/gtest.h>

namespace ambit::dbus {
namespace {

constexpr Target kTarget = {.destination = "d", .path = "/p", .interface = "i.f", .member = "M"};

TEST(DbusMessage, WhatWasWrittenIsRead) {
  auto message = parse_message(write_call(kTarget, 7, std::string("text"), std::uint32_t{5}));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, MessageType::Call);
  EXPECT_EQ(message->serial, 7u);
  EXPECT_EQ(message->path, "/p");
  EXPECT_EQ(message->interface, "i.f");
  EXPECT_EQ(message->member, "M");
  EXPECT_EQ(message->signature, "su");
  Reader body(message->body);
  EXPECT_EQ(*body.string(), "text");
  EXPECT_EQ(*body.number(), 5u);
  EXPECT_TRUE(body.at_end());
}

TEST(DbusMessage, ItsSizeIsKnownFromTheFirstBytes) {
  const std::string bytes = write_call(kTarget, 7, std::string("text"));
  EXPECT_FALSE(*message_size(bytes.substr(0, 15)));
  EXPECT_EQ(**message_size(bytes.substr(0, 16)), bytes.size());
  EXPECT_EQ(**message_size(bytes + "more"), bytes.size());
}

TEST(DbusMessage, OneThatIsTooLongIsRefusedBeforeItIsThere) {
  std::string bytes = write_call(kTarget, 7);
  bytes[7] = '\x7f';
  EXPECT_EQ(message_size(bytes).error().code(), ErrorCode::Corrupt);
}

TEST(DbusMessage, ChangedBytesAreReadOrRefused) {
  const std::string good = write_call(kTarget, 7, std::string("text"), std::uint32_t{5});
  for (std::size_t i = 0; i < good.size(); i++)
    for (const int value : {0, 1, 0x7f, 0xff}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(value);
      auto message = parse_message(bytes);
      if (message) (void)Reader(message->body).string();
    }
}

TEST(DbusMessage, ABodyThatEndsTooSoonIsAnError) {
  const std::string four("\4\0\0\0abcd\0", 9);
  EXPECT_EQ(*Reader(four).string(), "abcd");
  for (std::size_t size = 0; size < four.size(); size++)
    EXPECT_FALSE(Reader(std::string_view(four).substr(0, size)).string()) << size;
}

TEST(DbusMessage, AVariantOfSomethingElseThanAStringIsAnError) {
  Writer writer;
  writer.signature("u");
  writer.fixed(std::uint32_t{5});
  EXPECT_EQ(Reader(writer.bytes()).string_variant().error().code(), ErrorCode::Corrupt);
}

}  // namespace
}  // namespace ambit::dbus
