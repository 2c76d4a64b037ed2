#include "systemd/journal_sender.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "support/fake_journal.h"

namespace ambit::systemd {
namespace {

using test::FakeJournal;
using test::JournalRecord;
using Records = std::vector<JournalRecord>;

class JournalSenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-journal-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { ASSERT_EQ(::rmdir(folder_.c_str()), 0); }

  std::string path() const { return folder_ + "/socket"; }
  JournalSender sender(JournalSender::Options options = {}) const {
    options.socket_path = path();
    return JournalSender("COMMON=field\n", options);
  }
  static std::string message(const std::string& text) {
    std::string record;
    append_journal_field(record, "MESSAGE", text);
    return record;
  }
  // What a loop does while records are queued.
  static bool pump(JournalSender& sender) {
    const auto deadline = JournalSender::Clock::now() + std::chrono::seconds(20);
    while (!sender.is_empty()) {
      if (JournalSender::Clock::now() > deadline) return false;
      pollfd fd = {sender.fd(), sender.poll_events(), 0};
      (void)::poll(&fd, 1, 1);
      sender.flush();
    }
    return true;
  }
  static bool drain(JournalSender& sender) {
    const auto deadline = JournalSender::Clock::now() + std::chrono::seconds(20);
    sender.begin_drain();
    while (!sender.is_drained()) {
      if (JournalSender::Clock::now() > deadline) return false;
      (void)::usleep(200);
    }
    return true;
  }

  std::string folder_;
};

TEST_F(JournalSenderTest, EveryRecordCarriesTheCommonFields) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  sender.queue(message("one"));
  sender.queue(message("two"));
  ASSERT_TRUE(drain(sender));
  ASSERT_TRUE(journal.wait_for([](const Records& r) { return r.size() == 2; }));
  EXPECT_EQ(journal.records()[0], (JournalRecord{{"COMMON", "field"}, {"MESSAGE", "one"}}));
  EXPECT_EQ(journal.records()[1], (JournalRecord{{"COMMON", "field"}, {"MESSAGE", "two"}}));
}

TEST_F(JournalSenderTest, AnyBytesOfAValueArrive) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string values[] = {"", "\n", "a\nb", std::string("\0", 1), "\xff\xfe", "x=y", all};
  for (const std::string& value : values) sender.queue(message(value));
  ASSERT_TRUE(drain(sender));
  ASSERT_TRUE(journal.wait_for([](const Records& r) { return r.size() == 7; }));
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(journal.records()[i].at("MESSAGE"), values[i]);
}

TEST_F(JournalSenderTest, APlainValueTakesTheReadableForm) {
  std::string record;
  append_journal_field(record, "MESSAGE", "h\xc3\xa9llo\tworld");
  EXPECT_EQ(record, "MESSAGE=h\xc3\xa9llo\tworld\n");
}

TEST_F(JournalSenderTest, ARecordTooLongForADatagramArrives) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  const std::string huge(20 << 20, 'x');
  sender.queue(message("before"));
  sender.queue(message(huge));
  sender.queue(message("after"));
  ASSERT_TRUE(pump(sender));
  ASSERT_TRUE(journal.wait_for([](const Records& r) { return r.size() == 3; }));
  EXPECT_EQ(journal.records()[0].at("MESSAGE"), "before");
  EXPECT_TRUE(journal.records()[1].at("MESSAGE") == huge);
  EXPECT_EQ(journal.records()[1].at("COMMON"), "field");
  EXPECT_EQ(journal.records()[2].at("MESSAGE"), "after");
}

TEST_F(JournalSenderTest, ASlowJournalStopsTheProducerAndLosesNothing) {
  FakeJournal journal(path());
  journal.pause();
  JournalSender sender = this->sender();
  std::size_t count = 0;
  while (sender.has_room() && count < 1'000'000) sender.queue(message(std::to_string(count++)));
  ASSERT_LT(count, 1'000'000U);
  journal.resume();
  ASSERT_TRUE(pump(sender));
  ASSERT_TRUE(journal.wait_for([&](const Records& r) { return r.size() == count; }));
  const Records found = journal.records();
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(found[i].at("MESSAGE"), std::to_string(i));
  EXPECT_EQ(sender.dropped(), 0U);
}

TEST_F(JournalSenderTest, MemoryOfAQueueThatIsNeverEmptyIsBounded) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  const std::string record = message(std::string(1000, 'x'));
  std::size_t count = 0;
  for (; count < 20'000; ++count) {
    while (!sender.has_room()) {
      pollfd fd = {sender.fd(), sender.poll_events(), 0};
      (void)::poll(&fd, 1, 1000);
      sender.flush();
    }
    sender.queue(record);
  }
  EXPECT_LT(sender.memory_bytes(), 400'000U);
  ASSERT_TRUE(pump(sender));
  ASSERT_TRUE(journal.wait_for([&](const Records& r) { return r.size() == count; }));
}

TEST_F(JournalSenderTest, RecordsWaitForAJournalThatRestarts) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  sender.queue(message("before"));
  ASSERT_TRUE(pump(sender));
  journal.close();
  sender.queue(message("meanwhile"));
  sender.flush();
  EXPECT_TRUE(sender.has_room());
  EXPECT_TRUE(sender.retry_at());
  journal.reopen();
  ASSERT_TRUE(pump(sender));
  ASSERT_TRUE(journal.wait_for([](const Records& r) { return r.size() == 2; }));
  EXPECT_EQ(journal.records()[1].at("MESSAGE"), "meanwhile");
}

TEST_F(JournalSenderTest, WhatAMissingJournalLosesIsCountedAndSaid) {
  JournalSender sender = this->sender({.buffer_bytes = 1000});
  for (int i = 0; i < 100; ++i) sender.queue(message("0123456789"));
  const std::uint64_t dropped = sender.dropped();
  EXPECT_GT(dropped, 0U);
  EXPECT_TRUE(sender.has_room());
  FakeJournal journal(path());
  ASSERT_TRUE(pump(sender));
  const std::size_t kept = 100 - dropped;
  ASSERT_TRUE(journal.wait_for([&](const Records& r) { return r.size() == kept + 1; }));
  EXPECT_EQ(journal.records().back().at("MESSAGE"),
            std::to_string(dropped) + " records of output lost while the journal was away");
}

TEST_F(JournalSenderTest, IsNotDrainedBeforeTheJournalHasReadEverything) {
  FakeJournal journal(path());
  journal.pause();
  JournalSender sender = this->sender();
  sender.queue(message("one"));
  sender.begin_drain();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(sender.is_drained());
  journal.resume();
  EXPECT_TRUE(drain(sender));
}

// journald looks at /proc of the sender after it has received a record: that one that has taken the
// last record is not done with it, but one that asks for the next is.
TEST_F(JournalSenderTest, IsNotDrainedBeforeTheJournalAsksForMore) {
  UniqueFd journal(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(journal.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  JournalSender sender = this->sender();
  sender.queue(message("one"));
  sender.begin_drain();
  char buffer[1000];
  EXPECT_GT(::recv(journal.get(), buffer, sizeof buffer, 0), 0);
  EXPECT_FALSE(sender.is_drained());
  EXPECT_EQ(::recv(journal.get(), buffer, sizeof buffer, 0), 0);
  EXPECT_TRUE(sender.is_drained());
  (void)::unlink(path().c_str());
}

TEST_F(JournalSenderTest, NothingToSendIsDrainedWithoutAJournal) {
  JournalSender sender = this->sender();
  sender.begin_drain();
  EXPECT_TRUE(sender.is_drained());
  EXPECT_EQ(sender.system_calls(), 0U);
}

TEST_F(JournalSenderTest, ManyRecordsTakeFewSystemCalls) {
  FakeJournal journal(path());
  JournalSender sender = this->sender();
  // Connecting takes three. How many fit into one call is net.unix.max_dgram_qlen's to say, 10 at
  // the least; a full socket costs one more.
  for (int i = 0; i < 32; ++i) sender.queue(message("line"));
  EXPECT_LE(sender.system_calls(), 3U + 2U * 3U);
  ASSERT_TRUE(pump(sender));
}

}  // namespace
}  // namespace ambit::systemd
