#include "spec/monitor_message.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

// Two types with one number don't compile here, nor does one that is left out.
bool is_known(MonitorMessageType type) {
  switch (type) {
    case MonitorMessageType::Go:
    case MonitorMessageType::Abort:
    case MonitorMessageType::Stop:
    case MonitorMessageType::Kill:
    case MonitorMessageType::Attach:
    case MonitorMessageType::Resize:
    case MonitorMessageType::Hello:
    case MonitorMessageType::SetStop:
    case MonitorMessageType::Ready:
    case MonitorMessageType::Started:
    case MonitorMessageType::Failed:
    case MonitorMessageType::Exited:
    case MonitorMessageType::Attached:
    case MonitorMessageType::Refused:
    case MonitorMessageType::State:
    case MonitorMessageType::Stopping:
    case MonitorMessageType::Notified:
    case MonitorMessageType::OomKilled:
    case MonitorMessageType::Given:
      return true;
  }
  return false;
}

TEST(MonitorMessage, KeepsEverythingOnTheWay) {
  const MonitorMessage sent{.type = MonitorMessageType::Failed,
                            .a = -1,
                            .b = 1'700'000'000'000'000,
                            .code = ErrorCode::NotFound,
                            .sys_errno = 2,
                            .text = std::string("no such\0file", 12)};
  auto read = parse_monitor_message(write_monitor_message(sent));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(is_known(read->type));
  EXPECT_EQ(read->type, sent.type);
  EXPECT_EQ(read->a, sent.a);
  EXPECT_EQ(read->b, sent.b);
  EXPECT_EQ(read->code, sent.code);
  EXPECT_EQ(read->sys_errno, sent.sys_errno);
  EXPECT_EQ(read->text, sent.text);
}

TEST(MonitorMessage, RefusesWhatIsCutOrOfAnotherVersion) {
  const std::string whole = write_monitor_message({.type = MonitorMessageType::Hello});
  EXPECT_FALSE(parse_monitor_message(std::string_view(whole).substr(0, whole.size() - 1)));
  std::string other = whole;
  ++other.front();
  EXPECT_FALSE(parse_monitor_message(other));
}

}  // namespace
}  // namespace ambit::spec
