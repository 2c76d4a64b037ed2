#include "bus/message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/bus/peers.h"

namespace ambit::bus {
namespace {

using Strings = std::vector<std::string>;

class MessageTest : public testing::Test {
 protected:
  Message fresh() { return *peers.client.new_call({nullptr, "/x", "org.example.X", "Do"}); }
  static void rewind(Message& message) {
    ASSERT_GE(sd_bus_message_seal(message.get(), 1, 0), 0);
    ASSERT_GE(sd_bus_message_rewind(message.get(), 1), 0);
  }
  template <typename T>
  T round_trip(const T& value) {
    Message message = fresh();
    EXPECT_TRUE(message.append(value));
    rewind(message);
    auto read = message.read<T>();
    EXPECT_TRUE(read) << read.error().message();
    return std::move(*read);
  }

  test::Peers peers;
};

TEST_F(MessageTest, BasicTypesComeBack) {
  EXPECT_EQ(round_trip(true), true);
  EXPECT_EQ(round_trip(std::int32_t{-5}), -5);
  EXPECT_EQ(round_trip(std::uint64_t{UINT64_MAX}), UINT64_MAX);
  EXPECT_EQ(round_trip(std::string("é\n")), "é\n");
  EXPECT_EQ(round_trip(ObjectPath{"/a/b"}), ObjectPath{"/a/b"});
}

TEST_F(MessageTest, ContainersComeBack) {
  using Row = std::tuple<std::string, std::string, Strings>;
  const std::vector<Row> rows = {{"bind", "/a", {"ro"}}, {"tmpfs", "", {}}};
  EXPECT_EQ(round_trip(rows), rows);
  const std::map<std::string, std::string> labels = {{"a", "1"}, {"b", ""}};
  EXPECT_EQ(round_trip(labels), labels);
  EXPECT_EQ(round_trip(Variant<Strings>{{"x", "y"}}).value, (Strings{"x", "y"}));
  EXPECT_EQ(round_trip(Strings{}), Strings{});
}

TEST_F(MessageTest, SeveralValuesAreReadAtOnce) {
  Message message = fresh();
  ASSERT_TRUE(message.append(std::string("a"), std::uint32_t{2}, Strings{"c"}));
  rewind(message);
  const auto values = message.read<std::string, std::uint32_t, Strings>();
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (std::tuple<std::string, std::uint32_t, Strings>{"a", 2, {"c"}}));
}

TEST_F(MessageTest, ADescriptorIsDuplicatedBothWays) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  Message message = fresh();
  ASSERT_TRUE(message.append(write_end));
  rewind(message);
  auto copy = message.read<UniqueFd>();
  ASSERT_TRUE(copy);
  EXPECT_NE(copy->get(), write_end.get());
  EXPECT_EQ(::fcntl(copy->get(), F_GETFD), FD_CLOEXEC);
  message = Message();
  write_end.reset();
  EXPECT_EQ(::write(copy->get(), "x", 1), 1);
}

TEST_F(MessageTest, AnotherTypeIsAnInvalidArgument) {
  Message message = fresh();
  ASSERT_TRUE(message.append(std::string("a")));
  rewind(message);
  const auto number = message.read<std::uint32_t>();
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().code(), ErrorCode::InvalidArgument);
}

TEST_F(MessageTest, ReadingPastTheEndIsAnInvalidArgument) {
  Message message = fresh();
  rewind(message);
  const auto list = message.read<Strings>();
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code(), ErrorCode::InvalidArgument);
}

TEST_F(MessageTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(round_trip(std::string("a\xff")), "a\ufffd");
}

}  // namespace
}  // namespace ambit::bus
