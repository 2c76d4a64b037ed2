#include "monitor/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace ambit::monitor {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    int source[2];
    int client[2];
    ASSERT_EQ(::pipe2(source, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(client, O_CLOEXEC | O_NONBLOCK), 0);
    writer_ = UniqueFd(source[1]);
    reader_ = UniqueFd(client[0]);
    output_.emplace(UniqueFd(source[0]), nullptr);
    output_->add_client(UniqueFd(client[1]), ClientSink::Kind::Primary);
  }

  void write(const std::string& bytes) {
    ASSERT_EQ(::write(writer_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  // One round of the monitor's loop, at a time of the test's own. What reached the client is one
  // delivery.
  void turn() {
    polls_.clear();
    output_->prepare(polls_, now_);
    polls_.wake_at(now_);
    ASSERT_TRUE(polls_.wait());
    output_->dispatch(polls_, now_);
    char buffer[65536];
    const ssize_t n = ::read(reader_.get(), buffer, sizeof buffer);
    if (n <= 0) return;
    ++deliveries_;
    received_.append(buffer, static_cast<std::size_t>(n));
  }

  UniqueFd writer_, reader_;
  std::optional<Output> output_;
  PollSet polls_;
  Output::Clock::time_point now_ = Output::Clock::now();
  int deliveries_ = 0;
  std::string received_;
};

TEST_F(OutputTest, BytesThatComeOneByOneAreReadTogether) {
  constexpr int kBytes = 10'000;
  for (int i = 0; i < kBytes; ++i) {
    write("x");
    turn();
    now_ += microseconds(10);
  }
  writer_.reset();
  output_->begin_drain();
  while (!output_->is_at_end()) turn();
  turn();
  EXPECT_EQ(received_, std::string(kBytes, 'x'));
  // 100 ms at one delivery a millisecond, and the first few.
  EXPECT_LE(deliveries_, 120);
}

TEST_F(OutputTest, LinesThatComeNowAndThenDoNotWait) {
  for (int i = 0; i < 100; ++i) {
    write("a line\n");
    turn();
    EXPECT_EQ(deliveries_, i + 1);
    now_ += milliseconds(3);
  }
}

TEST_F(OutputTest, AFewSmallWritesInARowDoNotWait) {
  for (int i = 0; i < ReadPace::kFreeReads; ++i) {
    write("x");
    turn();
    EXPECT_EQ(deliveries_, i + 1);
    now_ += microseconds(10);
  }
}

TEST_F(OutputTest, LargePiecesNeverWait) {
  for (int i = 0; i < 100; ++i) {
    write(std::string(ReadPace::kSmallBytes, 'x'));
    turn();
    EXPECT_EQ(deliveries_, i + 1);
    now_ += microseconds(10);
  }
}

}  // namespace
}  // namespace ambit::monitor
