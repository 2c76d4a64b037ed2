#include "oci/scope_properties.h"

#include <gtest/gtest.h>

#include "unit/dbus/sd_bus_peer.h"

namespace ambit::oci {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The next value of the message, of whatever type, as "type:value".
std::string show_value(bus::Message& message);

template <typename T>
std::string number_text(bus::Message& message) {
  const auto value = message.read<T>();
  return value ? std::to_string(*value) : "unread";
}

std::string show_array(bus::Message& message, const std::string& contents) {
  std::string text;
  if (!bus::detail::enter(message.get(), 'a', contents)) return "unread";
  while (!*bus::detail::at_end(message.get()))
    text += (text.empty() ? "" : ",") + show_value(message);
  (void)bus::detail::leave(message.get());
  return "[" + text + "]";
}

std::string show_value(bus::Message& message) {
  char type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message.get(), &type, &contents) <= 0) return "nothing";
  switch (type) {
    case 'b':
      return *message.read<bool>() ? "b:true" : "b:false";
    case 'y':
      return "y:" + number_text<std::uint8_t>(message);
    case 'q':
      return "q:" + number_text<std::uint16_t>(message);
    case 'i':
      return "i:" + number_text<std::int32_t>(message);
    case 'u':
      return "u:" + number_text<std::uint32_t>(message);
    case 'x':
      return "x:" + number_text<std::int64_t>(message);
    case 't':
      return "t:" + number_text<std::uint64_t>(message);
    case 's':
      return "s:" + *message.read<std::string>();
    case 'o':
      return "o:" + message.read<bus::ObjectPath>()->value;
    case 'a':
      return show_array(message, contents);
    case 'r': {
      const std::string inner(contents);
      if (!bus::detail::enter(message.get(), 'r', inner)) return "unread";
      std::string text;
      for (std::size_t i = 0; i < inner.size(); i++)
        text += (i == 0 ? "" : " ") + show_value(message);
      (void)bus::detail::leave(message.get());
      return "(" + text + ")";
    }
    default:
      return std::string("type ") + type;
  }
}

// What a manager would get: name and value of each property.
Pairs sent(const dbus::Properties& properties) {
  test::SdBusPeer peer;
  peer.client->call({.destination = "", .path = "/", .interface = "a.b", .member = "C"},
                    properties);
  bus::Message message = peer.receive();
  if (!message) return {{"message", "none"}};
  Pairs pairs;
  (void)bus::detail::enter(message.get(), 'a', "(sv)");
  while (!*bus::detail::at_end(message.get())) {
    (void)bus::detail::enter(message.get(), 'r', "sv");
    const std::string name = *message.read<std::string>();
    char type = 0;
    const char* contents = nullptr;
    (void)sd_bus_message_peek_type(message.get(), &type, &contents);
    (void)bus::detail::enter(message.get(), 'v', contents);
    pairs.emplace_back(name, show_value(message));
    (void)bus::detail::leave(message.get());
    (void)bus::detail::leave(message.get());
  }
  return pairs;
}

Pairs limits(const std::string& json) {
  const auto resources = spec::parse_resources(json);
  if (!resources) return {{"unparsed", resources.error().message()}};
  const auto lines = spec::limit_lines(*resources);
  if (!lines) return {{"error", lines.error().message()}};
  dbus::Properties properties;
  const auto added = add_limit_properties(*lines, properties);
  if (!added) return {{"error", added.error().message()}};
  return sent(properties);
}

Pairs annotation(const std::string& name, const std::string& value) {
  dbus::Properties properties;
  const auto added =
      add_annotation_properties({{"org.systemd.property." + name, value}}, properties);
  if (!added) return {{"error", added.error().message()}};
  return sent(properties);
}

TEST(ScopeLimits, EachFileOfSystemdsHasItsProperty) {
  EXPECT_EQ(limits(R"({"memory":{"limit":1000,"swap":3000,"reservation":500}})"),
            (Pairs{{"MemorySwapMax", "t:2000"}, {"MemoryMax", "t:1000"}, {"MemoryLow", "t:500"}}));
  EXPECT_EQ(limits(R"({"pids":{"limit":20}})"), (Pairs{{"TasksMax", "t:20"}}));
  EXPECT_EQ(limits(R"({"cpu":{"shares":1024}})"), (Pairs{{"CPUWeight", "t:39"}}));
  EXPECT_EQ(limits(R"({"blockIO":{"weight":500}})"), (Pairs{{"IOWeight", "t:4950"}}));
  EXPECT_EQ(limits(R"({"unified":{"memory.high":"700","memory.min":"10"}})"),
            (Pairs{{"MemoryHigh", "t:700"}, {"MemoryMin", "t:10"}}));
}

TEST(ScopeLimits, NoLimitIsTheLargestNumber) {
  EXPECT_EQ(limits(R"({"pids":{"limit":-1}})"), (Pairs{{"TasksMax", "t:18446744073709551615"}}));
}

TEST(ScopeLimits, AQuotaIsPerSecond) {
  EXPECT_EQ(limits(R"({"cpu":{"quota":5000,"period":20000}})"),
            (Pairs{{"CPUQuotaPerSecUSec", "t:250000"}, {"CPUQuotaPeriodUSec", "t:20000"}}));
  EXPECT_EQ(limits(R"({"cpu":{"quota":-1}})")[0].second, "t:18446744073709551615");
}

TEST(ScopeLimits, AQuotaIsNeverLessThanWhatIsAskedFor) {
  EXPECT_EQ(limits(R"({"cpu":{"quota":1001,"period":100000}})")[0].second, "t:20000");
}

TEST(ScopeLimits, CpusAreAMask) {
  EXPECT_EQ(limits(R"({"cpu":{"cpus":"0-3,8","mems":"0"}})"),
            (Pairs{{"AllowedCPUs", "[y:15,y:1]"}, {"AllowedMemoryNodes", "[y:1]"}}));
}

TEST(ScopeLimits, AnIdleCgroupIsAWeightOfZero) {
  EXPECT_EQ(limits(R"({"cpu":{"idle":1}})"), (Pairs{{"CPUWeight", "t:0"}}));
}

TEST(ScopeLimits, RatesOfDevicesAreGatheredByProperty) {
  EXPECT_EQ(limits(R"({"blockIO":{
                "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":100},
                                         {"major":8,"minor":16,"rate":7}],
                "throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":400}]}})"),
            (Pairs{{"IOReadBandwidthMax", "[(s:/dev/block/8:0 t:100),(s:/dev/block/8:16 t:7)]"},
                   {"IOWriteIOPSMax", "[(s:/dev/block/8:0 t:400)]"}}));
}

TEST(ScopeLimits, WhatSystemdDoesNotKnowIsNoProperty) {
  EXPECT_EQ(limits(R"({"hugepageLimits":[{"pageSize":"2MB","limit":0}],
                       "unified":{"memory.oom.group":"1"}})"),
            Pairs{});
}

TEST(ScopeAnnotation, TypesThatPropertiesHave) {
  EXPECT_EQ(annotation("TimeoutStopUSec", "uint64 5"), (Pairs{{"TimeoutStopUSec", "t:5"}}));
  EXPECT_EQ(annotation("KillSignal", "9"), (Pairs{{"KillSignal", "i:9"}}));
  EXPECT_EQ(annotation("SendSIGHUP", "true"), (Pairs{{"SendSIGHUP", "b:true"}}));
  EXPECT_EQ(annotation("CollectMode", "'inactive-or-failed'"),
            (Pairs{{"CollectMode", "s:inactive-or-failed"}}));
  EXPECT_EQ(annotation("CollectMode", "\"inactive\""), (Pairs{{"CollectMode", "s:inactive"}}));
  EXPECT_EQ(annotation("After", "['a.service', 'b.service']"),
            (Pairs{{"After", "[s:a.service,s:b.service]"}}));
  EXPECT_EQ(annotation("After", "@as []"), (Pairs{{"After", "[]"}}));
  EXPECT_EQ(annotation("AllowedCPUs", "[byte 3, 1]"), (Pairs{{"AllowedCPUs", "[y:3,y:1]"}}));
  EXPECT_EQ(annotation("Nice", "int32 -5"), (Pairs{{"Nice", "i:-5"}}));
  EXPECT_EQ(annotation("Name", R"('it\'s')"), (Pairs{{"Name", "s:it's"}}));
}

TEST(ScopeAnnotation, SecondsBecomeMicroseconds) {
  EXPECT_EQ(annotation("TimeoutStopSec", "5"), (Pairs{{"TimeoutStopUSec", "t:5000000"}}));
  EXPECT_EQ(annotation("TimeoutStopSec", "uint64 5"), (Pairs{{"TimeoutStopUSec", "t:5000000"}}));
  EXPECT_EQ(annotation("TimeoutStopSec", "1.5"), (Pairs{{"TimeoutStopUSec", "t:1500000"}}));
  EXPECT_EQ(annotation("TimeoutStopSec", "double 0.25"), (Pairs{{"TimeoutStopUSec", "t:250000"}}));
}

TEST(ScopeAnnotation, WhatIsNoneOfTheseIsAnErrorThatNamesIt) {
  const std::pair<const char*, const char*> kCases[] = {
      {"A1", "true"},
      {"Xy", "true"},
      {"KillSignal", "9 9"},
      {"Name", "'open"},
      {"Name", "word"},
      {"After", "['a', 5]"},
      {"After", "['a' 'b']"},
      {"After", "[]"},
      {"After", "['a'"},
      {"Nice", "int32 x"},
      {"KillSignal", "99999999999"},
      {"Some", "(1, 2)"},
      {"Some", "{'a': 1}"},
      {"Some", ""},
      {"TimeoutStopSec", "'5'"},
      {"TimeoutStopSec", "-1"},
      {"TimeoutStopSec", "nan"},
      {"Some", "@a{sv} {}"},
  };
  for (const auto& [name, value] : kCases) {
    const Pairs got = annotation(name, value);
    ASSERT_EQ(got.size(), 1U) << name << " = " << value;
    EXPECT_EQ(got[0].first, "error") << name << " = " << value << ": " << got[0].second;
    EXPECT_NE(got[0].second.find(name), std::string::npos) << got[0].second;
  }
}

TEST(ScopeAnnotation, OtherAnnotationsAreNoneOfOurs) {
  dbus::Properties properties;
  EXPECT_TRUE(
      add_annotation_properties({{"org.systemd.property", "x"}, {"a.b", "'c'"}}, properties));
  EXPECT_TRUE(properties.empty());
}

std::string named(const std::string& path, Authority authority = Authority::User) {
  auto name = scope_name(path, "c1", authority);
  return name ? name->slice + " " + name->unit : "error: " + name.error().message();
}

TEST(ScopeName, IsPrefixAndNameInTheSlice) {
  EXPECT_EQ(named("machine.slice:libpod:c1"), "machine.slice libpod-c1.scope");
  EXPECT_EQ(named("a-b.slice::c1"), "a-b.slice c1.scope");
}

TEST(ScopeName, TheUsualSliceIsTheOneOfWhoeverRunsIt) {
  EXPECT_EQ(named(":oci:c1"), "user.slice oci-c1.scope");
  EXPECT_EQ(named(":oci:c1", Authority::System), "system.slice oci-c1.scope");
  EXPECT_EQ(named(""), "user.slice oci-c1.scope");
}

TEST(ScopeName, BytesThatNoUnitMayHaveAreEscaped) {
  EXPECT_EQ(named(":a:b+c/d@e"), "user.slice a-b\\x2bc\\x2fd\\x40e.scope");
}

TEST(ScopeName, PathsOfAnotherFormAreRefused) {
  for (const char* path : {"/a/b", "a.slice:b", "a.slice:b:c:d", "a:b:c", "a/b.slice:c:d",
                           "a.slice:b:c.slice", "a.slice:b:"})
    EXPECT_EQ(named(path).compare(0, 6, "error:"), 0) << path << ": " << named(path);
}

}  // namespace
}  // namespace ambit::oci
