#include "bus/options.h"

#include <gtest/gtest.h>

#include "unit/bus/peers.h"

namespace ambit::bus {
namespace {

class OptionsTest : public testing::Test {
 protected:
  Message sealed(const OptionWriter& options) {
    Message message = *peers.client.new_call({nullptr, "/x", "org.example.X", "Do"});
    EXPECT_TRUE(options.append_dict(message));
    EXPECT_GE(sd_bus_message_seal(message.get(), 1, 0), 0);
    EXPECT_GE(sd_bus_message_rewind(message.get(), 1), 0);
    return message;
  }
  std::string failure(OptionReader& reader, const OptionWriter& options) {
    Message message = sealed(options);
    const auto result = reader.read(message);
    if (result) return "none";
    EXPECT_EQ(result.error().code(), ErrorCode::InvalidArgument);
    return result.error().message();
  }

  test::Peers peers;
  std::string hostname = "unset";
  std::optional<std::uint64_t> timeout;
  std::vector<std::string> environment;
};

TEST_F(OptionsTest, EachKeySetsItsVariable) {
  Message message = sealed(OptionWriter()
                               .set("Hostname", "box")
                               .set("Timeout", std::uint64_t{5})
                               .set("Environment", std::vector<std::string>{"A=1"}));
  ASSERT_TRUE(OptionReader()
                  .add("Hostname", hostname)
                  .add("Timeout", timeout)
                  .add("Environment", environment)
                  .read(message));
  EXPECT_EQ(hostname, "box");
  EXPECT_EQ(timeout, 5U);
  EXPECT_EQ(environment, std::vector<std::string>{"A=1"});
}

TEST_F(OptionsTest, AMissingKeyLeavesTheDefault) {
  Message message = sealed(OptionWriter());
  ASSERT_TRUE(OptionReader().add("Hostname", hostname).add("Timeout", timeout).read(message));
  EXPECT_EQ(hostname, "unset");
  EXPECT_FALSE(timeout);
}

TEST_F(OptionsTest, AnUnknownKeyIsNamed) {
  OptionReader reader;
  reader.add("Hostname", hostname);
  EXPECT_EQ(failure(reader, OptionWriter().set("Hostnam", "x")), "option \"Hostnam\" is not known");
}

TEST_F(OptionsTest, AWrongTypeIsNamedWithItsKey) {
  OptionReader reader;
  reader.add("Hostname", hostname);
  EXPECT_EQ(failure(reader, OptionWriter().set("Hostname", std::uint32_t{1})),
            "option \"Hostname\" is of type 's', not 'u'");
}

TEST_F(OptionsTest, AKeyGivenTwiceIsRefused) {
  OptionReader reader;
  reader.add("Hostname", hostname);
  EXPECT_EQ(failure(reader, OptionWriter().set("Hostname", "a").set("Hostname", "b")),
            "option \"Hostname\" is given twice");
}

TEST_F(OptionsTest, ARefusedValueIsNamedWithItsKey) {
  OptionReader reader;
  reader.on<std::int32_t>("Size", [](std::int32_t) -> Result<void> {
    return Error(ErrorCode::InvalidArgument, "too small");
  });
  EXPECT_EQ(failure(reader, OptionWriter().set("Size", std::int32_t{1})),
            "option \"Size\": too small");
}

TEST_F(OptionsTest, UnknownKeysOfAnyTypeCanBeSkipped) {
  Message message = sealed(OptionWriter()
                               .set("Other", std::map<std::string, std::string>{{"a", "b"}})
                               .set("Hostname", "box"));
  ASSERT_TRUE(OptionReader().add("Hostname", hostname).read(message, UnknownKeys::Skip));
  EXPECT_EQ(hostname, "box");
}

TEST_F(OptionsTest, StructsAreReadAsWell) {
  Message message = *peers.client.new_call({nullptr, "/x", "org.example.X", "Do"});
  ASSERT_TRUE(OptionWriter().set("Hostname", "box").append_structs(message));
  ASSERT_GE(sd_bus_message_seal(message.get(), 1, 0), 0);
  ASSERT_GE(sd_bus_message_rewind(message.get(), 1), 0);
  EXPECT_EQ(message.rest(), "a(sv)");
  ASSERT_TRUE(OptionReader().add("Hostname", hostname).read(message));
  EXPECT_EQ(hostname, "box");
}

}  // namespace
}  // namespace ambit::bus
