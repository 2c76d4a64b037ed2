#include "dbus/connection.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>
#include <vector>

#include "unit/dbus/sd_bus_peer.h"

namespace ambit::dbus {
namespace {

constexpr Target kTarget = {
    .destination = "", .path = "/a/b", .interface = "com.example.Odd", .member = "Do"};

Connection::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }

Connection::Deadline at_once() { return std::chrono::steady_clock::now(); }

TEST(DbusConnection, SdBusReadsEveryTypeThatIsWritten) {
  test::SdBusPeer peer;
  using Struct = std::tuple<std::string, std::uint64_t>;
  peer.client->call(kTarget, std::uint8_t{7}, true, std::uint16_t{8}, std::int32_t{-9},
                    std::string("text"), std::uint32_t{10}, std::int64_t{-11}, std::uint64_t{12},
                    ObjectPath{"/x"}, std::vector<std::uint8_t>{1, 2, 3},
                    std::vector<Struct>{{"a", 1}, {"bc", UINT64_MAX}}, std::vector<Struct>(),
                    std::vector<std::string>{"one", ""});
  bus::Message call = peer.receive();
  ASSERT_TRUE(call);
  EXPECT_EQ(call.path(), "/a/b");
  EXPECT_EQ(call.member(), "Do");
  EXPECT_EQ(*call.read<std::uint8_t>(), 7);
  EXPECT_TRUE(*call.read<bool>());
  EXPECT_EQ(*call.read<std::uint16_t>(), 8);
  EXPECT_EQ(*call.read<std::int32_t>(), -9);
  EXPECT_EQ(*call.read<std::string>(), "text");
  EXPECT_EQ(*call.read<std::uint32_t>(), 10u);
  EXPECT_EQ(*call.read<std::int64_t>(), -11);
  EXPECT_EQ(*call.read<std::uint64_t>(), 12u);
  EXPECT_EQ(call.read<bus::ObjectPath>()->value, "/x");
  EXPECT_EQ(*call.read<std::vector<std::uint8_t>>(), (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(*call.read<std::vector<Struct>>(), (std::vector<Struct>{{"a", 1}, {"bc", UINT64_MAX}}));
  EXPECT_TRUE(call.read<std::vector<Struct>>()->empty());
  EXPECT_EQ(*call.read<std::vector<std::string>>(), (std::vector<std::string>{"one", ""}));
}

TEST(DbusConnection, AnAnswerComesToItsCall) {
  test::SdBusPeer peer;
  const std::uint32_t first = peer.client->call(kTarget);
  bus::Message call = peer.receive();
  ASSERT_GE(sd_bus_reply_method_return(call.get(), "uo", 5u, "/job/5"), 0);
  ASSERT_TRUE(peer.server.flush());
  auto reply = peer.client->wait_reply(first, soon());
  ASSERT_TRUE(reply) << reply.error().message();
  Reader body(reply->body);
  EXPECT_EQ(*body.number(), 5u);
  EXPECT_EQ(*body.string(), "/job/5");
  EXPECT_TRUE(body.at_end());
}

TEST(DbusConnection, AStringInAVariantIsRead) {
  test::SdBusPeer peer;
  const std::uint32_t serial = peer.client->call(kTarget);
  bus::Message call = peer.receive();
  ASSERT_GE(sd_bus_reply_method_return(call.get(), "v", "s", "/user.slice/x.scope"), 0);
  ASSERT_TRUE(peer.server.flush());
  auto reply = peer.client->wait_reply(serial, soon());
  ASSERT_TRUE(reply);
  EXPECT_EQ(*Reader(reply->body).string_variant(), "/user.slice/x.scope");
}

TEST(DbusConnection, AnErrorReplyIsTheFailureOfTheCall) {
  test::SdBusPeer peer;
  const std::uint32_t serial = peer.client->call(kTarget);
  bus::Message call = peer.receive();
  ASSERT_GE(sd_bus_reply_method_errorf(call.get(), "org.freedesktop.systemd1.UnitExists",
                                       "Unit x.scope already exists."),
            0);
  ASSERT_TRUE(peer.server.flush());
  auto reply = peer.client->wait_reply(serial, soon());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(reply.error().message(), "Unit x.scope already exists.");
}

TEST(DbusConnection, ASignalThatComesBeforeItIsWaitedForIsKept) {
  test::SdBusPeer peer;
  const std::uint32_t serial = peer.client->call(kTarget);
  bus::Message call = peer.receive();
  ASSERT_GE(sd_bus_emit_signal(peer.server.get(), "/a", "com.example.Odd", "Other", "s", "no"), 0);
  ASSERT_GE(sd_bus_emit_signal(peer.server.get(), "/a", "com.example.Odd", "Told", "s", "yes"), 0);
  ASSERT_GE(sd_bus_reply_method_return(call.get(), ""), 0);
  ASSERT_TRUE(peer.server.flush());
  ASSERT_TRUE(peer.client->wait_reply(serial, soon()));
  auto signal = peer.client->wait_signal([](const Received& each) { return each.member == "Told"; },
                                         at_once());
  ASSERT_TRUE(signal) << signal.error().message();
  EXPECT_EQ(*Reader(signal->body).string(), "yes");
}

TEST(DbusConnection, NoAnswerIsATimeout) {
  test::SdBusPeer peer;
  const std::uint32_t serial = peer.client->call(kTarget);
  auto reply = peer.client->wait_reply(serial, at_once());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::Timeout);
}

// What some other program at the socket says.
Result<Received> answer(const std::string& text) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return Error::from_errno(errno, "socketpair");
  UniqueFd other(fds[1]);
  Connection connection = Connection::take(UniqueFd(fds[0]));
  const std::uint32_t serial = connection.call(kTarget);
  if (::send(other.get(), text.data(), text.size(), 0) < 0) return Error::from_errno(errno, "send");
  ::shutdown(other.get(), SHUT_WR);
  return connection.wait_reply(serial, soon());
}

TEST(DbusConnection, ABusThatRefusesUsIsToldAsSuch) {
  EXPECT_EQ(answer("REJECTED EXTERNAL\r\n").error().code(), ErrorCode::PermissionDenied);
}

TEST(DbusConnection, AnEndIsAnError) {
  EXPECT_EQ(answer("DATA\r\nOK 0\r\n").error().code(), ErrorCode::Io);
}

TEST(DbusConnection, WhatIsNoBusIsAnError) {
  EXPECT_EQ(answer("DATA\r\nOK 0\r\n" + std::string(64, 'x')).error().code(), ErrorCode::Corrupt);
  EXPECT_EQ(answer(std::string(8192, 'x')).error().code(), ErrorCode::Corrupt);
}

}  // namespace
}  // namespace ambit::dbus
