#include "bus/vtable.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "unit/bus/peers.h"

namespace ambit::bus {
namespace {

constexpr char kPath[] = "/org/example/thing";
constexpr char kInterface[] = "org.example.Thing";

struct Thing {
  Result<void> on_double(Message& call) {
    const auto number = AMBIT_TRY(call.read<std::uint32_t>());
    if (number > 100) return Error(ErrorCode::Busy, "too much");
    return reply(call, number * 2);
  }
  Result<void> on_later(Message& call) {
    pending.emplace(call);
    return {};
  }
  Result<void> on_throw(Message&) { throw std::runtime_error("broken"); }
  std::string name() const { return "a\xff"; }

  std::optional<PendingReply> pending;
  static const sd_bus_vtable kVtable[];
};

const sd_bus_vtable Thing::kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Name", "s", property<&Thing::name>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_METHOD_WITH_ARGS("Double", SD_BUS_ARGS("u", number), SD_BUS_RESULT("u", twice),
                            method<&Thing::on_double>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Later", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text),
                            method<&Thing::on_later>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Throw", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method<&Thing::on_throw>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

class VtableTest : public testing::Test {
 protected:
  VtableTest() { slot = *peers.server.add_vtable(kPath, kInterface, Thing::kVtable, &thing); }

  // Sends a call and keeps its answer in `answer`.
  template <typename... Ts>
  void send(const char* member, const Ts&... values) {
    Message call = *peers.client.new_call({nullptr, kPath, kInterface, member});
    ASSERT_TRUE(call.append(values...));
    pending = *peers.client.call_async(
        call, [this](Result<Message> result) { answer.emplace(std::move(result)); });
  }
  bool answered() {
    return peers.run_until([this] { return answer.has_value(); });
  }

  test::Peers peers;
  Thing thing;
  Slot slot;
  Slot pending;
  std::optional<Result<Message>> answer;
};

TEST_F(VtableTest, AHandlersReplyReachesTheCaller) {
  send("Double", std::uint32_t{21});
  ASSERT_TRUE(answered());
  ASSERT_TRUE(*answer) << answer->error().message();
  EXPECT_EQ(*(**answer).read<std::uint32_t>(), 42U);
}

TEST_F(VtableTest, AHandlersErrorReachesTheCallerWithCodeAndMessage) {
  send("Double", std::uint32_t{101});
  ASSERT_TRUE(answered());
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code(), ErrorCode::Busy);
  EXPECT_EQ(answer->error().message(), "too much");
}

TEST_F(VtableTest, AnExceptionBecomesAnInternalError) {
  send("Throw");
  ASSERT_TRUE(answered());
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code(), ErrorCode::Internal);
}

TEST_F(VtableTest, ACallCanBeAnsweredLater) {
  send("Later");
  ASSERT_TRUE(peers.run_until([this] { return thing.pending.has_value(); }));
  EXPECT_FALSE(answer);
  thing.pending->succeed(std::string("done"));
  thing.pending->fail(Error(ErrorCode::Busy, "a second answer is not sent"));
  ASSERT_TRUE(answered());
  ASSERT_TRUE(*answer);
  EXPECT_EQ(*(**answer).read<std::string>(), "done");
}

TEST_F(VtableTest, AForgottenCallIsAnsweredWithAnInternalError) {
  send("Later");
  ASSERT_TRUE(peers.run_until([this] { return thing.pending.has_value(); }));
  thing.pending.reset();
  ASSERT_TRUE(answered());
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code(), ErrorCode::Internal);
  EXPECT_NE(answer->error().message().find("Later"), std::string::npos);
}

TEST_F(VtableTest, AnErrorOfAnyBytesReachesTheCaller) {
  send("Later");
  ASSERT_TRUE(peers.run_until([this] { return thing.pending.has_value(); }));
  thing.pending->fail(Error(ErrorCode::NotFound, "no file \xff"));
  ASSERT_TRUE(answered());
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().message(), "no file \ufffd");
}

TEST_F(VtableTest, APropertyIsReadThroughItsGetter) {
  Message call = *peers.client.new_call({nullptr, kPath, "org.freedesktop.DBus.Properties", "Get"});
  ASSERT_TRUE(call.append(std::string(kInterface), std::string("Name")));
  pending = *peers.client.call_async(
      call, [this](Result<Message> result) { answer.emplace(std::move(result)); });
  ASSERT_TRUE(answered());
  ASSERT_TRUE(*answer) << answer->error().message();
  EXPECT_EQ((**answer).read<Variant<std::string>>()->value, "a\ufffd");
}

TEST_F(VtableTest, ADroppedSlotGetsNoAnswer) {
  send("Double", std::uint32_t{1});
  pending.reset();
  send("Double", std::uint32_t{2});
  ASSERT_TRUE(answered());
  EXPECT_EQ(*(**answer).read<std::uint32_t>(), 4U);
}

TEST_F(VtableTest, ASignalReachesItsMatch) {
  std::string seen;
  auto match = peers.client.match({.interface = kInterface, .member = "Changed"},
                                  [&](Message& signal) { seen = *signal.read<std::string>(); });
  ASSERT_TRUE(match) << match.error().message();
  send("Double", std::uint32_t{1});
  ASSERT_TRUE(answered());
  Message signal = *peers.server.new_signal(kPath, kInterface, "Changed");
  ASSERT_TRUE(signal.append(std::string("now")));
  ASSERT_TRUE(peers.server.send(signal));
  ASSERT_TRUE(peers.run_until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen, "now");
}

}  // namespace
}  // namespace ambit::bus
