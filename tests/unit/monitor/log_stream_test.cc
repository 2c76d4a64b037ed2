#include "monitor/log_stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include "monitor/journal_log.h"
#include "support/fake_journal.h"

namespace ambit::monitor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using systemd::JournalSender;
using test::FakeJournal;
using test::JournalRecord;

constexpr int kLines = static_cast<int>(LogBudget::kFreeRecords);

class LogStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-journal-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    journal_.emplace(folder_ + "/socket");
    sender_.emplace("CONTAINER_NAME=web\n",
                    JournalSender::Options{.socket_path = folder_ + "/socket"});
    log_.emplace(*sender_);
    stream_.emplace(*log_, budget_, LogStream::Options{});
  }
  void TearDown() override {
    journal_.reset();
    ASSERT_EQ(::rmdir(folder_.c_str()), 0);
  }

  void add(std::string_view bytes) {
    stream_->add(bytes, now_);
    ASSERT_TRUE(flush());
  }
  void finish() {
    stream_->finish(now_);
    ASSERT_TRUE(flush());
  }
  void let_pass(LogStream::Clock::duration time) {
    now_ += time;
    stream_->on_deadline(now_);
    ASSERT_TRUE(flush());
  }
  bool flush() {
    for (int i = 0; i < 20'000 && !sender_->is_empty(); ++i) {
      pollfd fd = {sender_->fd(), POLLOUT, 0};
      (void)::poll(&fd, 1, 1);
      sender_->flush();
    }
    return sender_->is_empty();
  }
  // Everything that was queued so far.
  std::vector<JournalRecord> records() {
    sender_->begin_drain();
    for (int i = 0; i < 100'000 && !sender_->is_drained(); ++i) (void)::usleep(100);
    EXPECT_TRUE(sender_->is_drained());
    return journal_->records();
  }
  std::string bytes() { return test::stream_bytes(records(), "stdout"); }

  std::string folder_;
  std::optional<FakeJournal> journal_;
  std::optional<JournalSender> sender_;
  std::optional<JournalLog> log_;
  LogBudget budget_;
  std::optional<LogStream> stream_;
  LogStream::Clock::time_point now_ = LogStream::Clock::now();
};

TEST_F(LogStreamTest, ALineIsARecord) {
  add("one\ntwo\n");
  const auto found = records();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at("MESSAGE"), "one");
  EXPECT_EQ(found[1].at("MESSAGE"), "two");
  EXPECT_EQ(found[0].at("PRIORITY"), "6");
  EXPECT_EQ(found[0].at("AMBIT_STREAM"), "stdout");
  EXPECT_EQ(found[0].at("CONTAINER_NAME"), "web");
  EXPECT_EQ(found[0].count("CONTAINER_PARTIAL_MESSAGE"), 0U);
}

TEST_F(LogStreamTest, ALineMayArriveInPieces) {
  add("on");
  add("e\nt");
  add("wo\n");
  const auto found = records();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at("MESSAGE"), "one");
  EXPECT_EQ(found[1].at("MESSAGE"), "two");
}

TEST_F(LogStreamTest, AnUnfinishedLineAtTheEndIsAPartWithoutNewline) {
  add("no newline");
  EXPECT_TRUE(records().empty());
  finish();
  const auto found = records();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at("CONTAINER_PARTIAL_LAST"), "false");
  EXPECT_EQ(bytes(), "no newline");
}

TEST_F(LogStreamTest, APromptIsShownAfterASecondAndItsLineStaysWhole) {
  add("name? ");
  let_pass(milliseconds(999));
  EXPECT_TRUE(records().empty());
  let_pass(milliseconds(1));
  ASSERT_EQ(records().size(), 1U);
  add("x\nnext\n");
  const auto found = records();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].at("CONTAINER_PARTIAL_ID"), found[1].at("CONTAINER_PARTIAL_ID"));
  EXPECT_EQ(found[1].at("CONTAINER_PARTIAL_ORDINAL"), "2");
  EXPECT_EQ(found[1].at("CONTAINER_PARTIAL_LAST"), "true");
  EXPECT_EQ(bytes(), "name? x\nnext\n");
}

TEST_F(LogStreamTest, ALongLineIsOrderedParts) {
  const std::string line(150'000, 'x');
  add(line + "\n");
  const auto found = records();
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].at("MESSAGE").size(), LogStream::kPartBytes);
  EXPECT_EQ(found[3].at("CONTAINER_PARTIAL_ORDINAL"), "4");
  EXPECT_TRUE(bytes() == line + "\n");
}

TEST_F(LogStreamTest, LinesAroundThePartLimitComeBack) {
  std::string text;
  for (const std::size_t size : {LogStream::kPartBytes - 1, LogStream::kPartBytes,
                                 LogStream::kPartBytes + 1, 2 * LogStream::kPartBytes})
    text += std::string(size, 'y') + "\n";
  add(text);
  EXPECT_TRUE(bytes() == text);
}

TEST_F(LogStreamTest, AnyBytesInAnyPiecesComeBack) {
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 400'000; ++i) {
    // Newlines, NULs and carriage returns are many, and so are long lines.
    const unsigned pick = random() % 16;
    const bool is_long = i / 60'000 % 2 == 1;
    text += pick == 0 && !is_long ? '\n'
            : pick == 1           ? '\0'
            : pick == 2           ? '\r'
            : is_long             ? 'z'
                                  : static_cast<char>(random() % 256);
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = random() % 3 == 0 ? 65536 : random() % 700;
    add(std::string_view(text).substr(at, size));
    at += size;
    if (random() % 50 == 0) let_pass(milliseconds(random() % 2000));
  }
  finish();
  EXPECT_TRUE(bytes() == text);
}

TEST_F(LogStreamTest, TooManyLinesShareRecordsAndNoneIsLost) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
  for (std::size_t at = 0; at < text.size(); at += 1000) add(text.substr(at, 1000));
  finish();
  EXPECT_LT(records().size(), 1100U);
  EXPECT_TRUE(bytes() == text);
}

TEST_F(LogStreamTest, SharedRecordsWaitOnlyAMoment) {
  for (int i = 0; i < kLines; ++i) add("line\n");
  add("late one\n");
  add("late two\nunfinished");
  EXPECT_EQ(records().size(), static_cast<std::size_t>(kLines));
  let_pass(LogStream::kGathering);
  const auto found = records();
  ASSERT_EQ(found.size(), kLines + 1U);
  EXPECT_EQ(found.back().at("MESSAGE"), "late one\nlate two");
  EXPECT_EQ(found.back().count("CONTAINER_PARTIAL_MESSAGE"), 0U);
  let_pass(seconds(1));
  EXPECT_EQ(records().back().at("MESSAGE"), "unfinished");
}

TEST_F(LogStreamTest, AfterAQuietTimeALineIsARecordAgain) {
  for (int i = 0; i < kLines + 1; ++i) add("line\n");
  let_pass(seconds(11));
  const std::size_t before = records().size();
  add("one\ntwo\n");
  EXPECT_EQ(records().size(), before + 2);
}

TEST_F(LogStreamTest, AContainerThatPrintsWithoutEndHasToWaitAndStaysBelowItsBudget) {
  // More than any budget allows, for thirty seconds.
  const std::string text(LogStream::kGatheredBytes, 'x');
  const auto end = now_ + seconds(30);
  std::size_t added = 0;
  std::size_t waits = 0;
  while (now_ < end) {
    if (stream_->has_room(now_)) {
      add(text);
      ++added;
      continue;
    }
    ++waits;
    ASSERT_TRUE(stream_->room_at());
    now_ = std::max(now_ + milliseconds(1), *stream_->room_at());
  }
  EXPECT_GT(waits, 0U);
  finish();
  const auto found = records();
  EXPECT_LT(found.size(), 3300U);
  std::size_t bytes = 0;
  for (const JournalRecord& record : found) bytes += record.at("MESSAGE").size();
  EXPECT_EQ(bytes, added * text.size());
}

TEST(LogBudgetTest, TwoStreamsHaveOneBudget) {
  LogBudget budget;
  const auto now = LogBudget::Clock::now();
  budget.refill(now);
  for (int i = 0; i < kLines; ++i) budget.take();
  EXPECT_FALSE(budget.is_plentiful());
  EXPECT_TRUE(budget.has_any());
  for (int i = 0; i < 500; ++i) budget.take();
  EXPECT_FALSE(budget.has_any());
  budget.refill(budget.any_at());
  EXPECT_TRUE(budget.has_any());
  EXPECT_FALSE(budget.is_plentiful());
  budget.refill(now + seconds(11));
  EXPECT_TRUE(budget.is_plentiful());
}

}  // namespace
}  // namespace ambit::monitor
