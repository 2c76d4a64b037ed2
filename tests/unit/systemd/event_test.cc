#include "systemd/event.h"

#include <gtest/gtest.h>

#include <set>

#include "support/fake_journal.h"

namespace ambit::systemd {
namespace {

TEST(EventTest, EachKindIsFoundByItsEventAndByItsId) {
  std::set<std::string> ids;
  for (const EventKind& kind : event_kinds()) {
    EXPECT_EQ(&kind_of(kind.event), &kind);
    EXPECT_EQ(kind_of_message_id(kind.message_id), &kind);
    EXPECT_EQ(std::string(kind.message_id).size(), 32U);
    ids.insert(kind.message_id);
  }
  EXPECT_EQ(ids.size(), event_kinds().size());
  EXPECT_EQ(kind_of_message_id("00000000000000000000000000000000"), nullptr);
}

TEST(EventTest, ARecordHasItsKindAndItsFields) {
  const auto record = test::parse_journal_record(
      journal_record({.event = Event::ContainerRenamed,
                      .message = "a renamed to b",
                      .fields = {{"AMBIT_OLD_NAME", "a"}, {"AMBIT_LABELS", "x\ny"}}}));
  EXPECT_EQ(record, (test::JournalRecord{{"MESSAGE", "a renamed to b"},
                                         {"MESSAGE_ID", "0cdd8df4e3033cd1cfbe24d20435f81e"},
                                         {"PRIORITY", "5"},
                                         {"AMBIT_EVENT", "renamed"},
                                         {"AMBIT_EVENT_TYPE", "container"},
                                         {"AMBIT_OLD_NAME", "a"},
                                         {"AMBIT_LABELS", "x\ny"}}));
}

}  // namespace
}  // namespace ambit::systemd
