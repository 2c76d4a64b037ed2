#include "cli/log_file_reader.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "spec/log_line.h"

namespace ambit::cli {
namespace {

namespace fs = std::filesystem;
using spec::LogPart;

constexpr std::int64_t kSecond = 1'000'000;

class LogFileReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-logs-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string log() const { return folder_ + "/log"; }
  std::string path(int number) const { return log() + "/" + std::to_string(number) + ".log"; }
  void add(int number, const std::string& bytes, LogPart part = LogPart::Line,
           const std::string& stream = "stdout") {
    fs::create_directory(log());
    std::string line;
    spec::append_log_line(
        line, {.realtime_usec = time_ += kSecond, .stream = stream, .part = part, .bytes = bytes});
    std::ofstream(path(number), std::ios::app) << line;
  }
  std::unique_ptr<LogFileReader> open() {
    auto reader = LogFileReader::open(log());
    EXPECT_TRUE(reader);
    return *std::move(reader);
  }
  static std::string rest(LogFileReader& reader) {
    std::string all;
    for (;;) {
      const auto piece = reader.next();
      EXPECT_TRUE(piece);
      if (!piece || !*piece) return all;
      all += ((*piece)->stream == "note" ? "note: " : "") + (*piece)->bytes;
    }
  }
  std::string last(std::size_t lines) {
    const auto reader = open();
    EXPECT_TRUE(reader->seek_last_lines(lines));
    return rest(*reader);
  }

  std::string folder_;
  std::int64_t time_ = 1'700'000'000 * kSecond;
};

TEST_F(LogFileReaderTest, NothingIsWrittenYet) {
  const auto reader = open();
  EXPECT_EQ(rest(*reader), "");
  add(1, "now");
  EXPECT_EQ(rest(*reader), "now\n");
}

TEST_F(LogFileReaderTest, OneThatWasRemovedIsNotFound) {
  EXPECT_FALSE(LogFileReader::open(folder_ + "/gone/log"));
}

TEST_F(LogFileReaderTest, FilesAreReadInTheOrderOfTheirNumbers) {
  for (const int number : {9, 10, 11}) add(number, "in " + std::to_string(number));
  EXPECT_EQ(rest(*open()), "in 9\nin 10\nin 11\n");
}

TEST_F(LogFileReaderTest, PartsMakeALineAndAnOpenOneHasNoEnd) {
  add(1, "a long ", LogPart::Part);
  add(1, "line");
  add(1, "prompt> ", LogPart::Part);
  EXPECT_EQ(rest(*open()), "a long line\nprompt> ");
}

TEST_F(LogFileReaderTest, ARecordIsShownWhenItIsWhole) {
  add(1, "first");
  const auto reader = open();
  EXPECT_EQ(rest(*reader), "first\n");
  std::string line;
  spec::append_log_line(line, {.realtime_usec = 1, .stream = "stdout", .bytes = "second"});
  std::ofstream(path(1), std::ios::app) << line.substr(0, 40);
  EXPECT_EQ(rest(*reader), "");
  std::ofstream(path(1), std::ios::app) << line.substr(40);
  EXPECT_EQ(rest(*reader), "second\n");
}

TEST_F(LogFileReaderTest, RotationIsFollowed) {
  add(1, "one");
  const auto reader = open();
  EXPECT_EQ(rest(*reader), "one\n");
  add(1, "two");
  add(2, "three");
  ASSERT_TRUE(reader->process());
  fs::remove(path(1));
  add(3, "four");
  EXPECT_EQ(rest(*reader), "two\nthree\nfour\n");
}

TEST_F(LogFileReaderTest, AFileThatWentUnreadIsTold) {
  add(1, "one");
  const auto reader = open();
  EXPECT_EQ(rest(*reader), "one\n");
  add(4, "four");
  EXPECT_EQ(rest(*reader),
            "note: output is missing here: its file was rotated away before it was read\nfour\n");
}

TEST_F(LogFileReaderTest, WhatWasFoundIsReadThoughTheContainerIsRemoved) {
  add(1, "one");
  add(2, "two");
  const auto reader = open();
  fs::remove_all(log());
  EXPECT_EQ(rest(*reader), "one\ntwo\n");
}

TEST_F(LogFileReaderTest, TheLastLinesAreCountedAcrossFiles) {
  for (int i = 1; i <= 9; ++i) add((i + 2) / 3, std::to_string(i));
  EXPECT_EQ(last(2), "8\n9\n");
  EXPECT_EQ(last(3), "7\n8\n9\n");
  EXPECT_EQ(last(4), "6\n7\n8\n9\n");
  EXPECT_EQ(last(100), "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  add(3, "open", LogPart::Part);
  EXPECT_EQ(last(1), "open");
  EXPECT_EQ(last(2), "9\nopen");
}

TEST_F(LogFileReaderTest, ALineInTwoFilesIsOneLine) {
  add(1, "before");
  add(1, "first ", LogPart::Part);
  add(2, "second");
  add(2, "third");
  EXPECT_EQ(last(1), "third\n");
  EXPECT_EQ(last(2), "first second\nthird\n");
  EXPECT_EQ(last(3), "before\nfirst second\nthird\n");
}

TEST_F(LogFileReaderTest, NoLastLinesIsWhatComesFromNowOn) {
  add(1, "old");
  const auto reader = open();
  ASSERT_TRUE(reader->seek_last_lines(0));
  EXPECT_EQ(rest(*reader), "");
  add(1, "new");
  EXPECT_EQ(rest(*reader), "new\n");
}

TEST_F(LogFileReaderTest, WhatIsNoRecordIsPassedOver) {
  add(1, "one");
  std::ofstream(path(1), std::ios::app) << "garbage\n\n" << std::string(3 << 20, 'x') << "\n";
  add(1, "two");
  EXPECT_EQ(rest(*open()), "one\ntwo\n");
}

TEST_F(LogFileReaderTest, LinksAndWhatIsNoPlainFileAreNotRead) {
  add(1, "one");
  std::ofstream(folder_ + "/secret") << "2025-11-25T15:52:01.000042Z stdout F secret\n";
  fs::create_symlink(folder_ + "/secret", path(2));
  ASSERT_EQ(::mkfifo(path(3).c_str(), 0600), 0);
  EXPECT_EQ(rest(*open()), "one\n");
  fs::rename(log(), folder_ + "/moved");
  fs::create_directory_symlink(folder_ + "/moved", log());
  EXPECT_FALSE(LogFileReader::open(log()));
}

TEST_F(LogFileReaderTest, FollowingWakesUpForTheFolderAFileAndARecord) {
  const auto reader = open();
  auto watch = reader->watch();
  ASSERT_TRUE(watch);
  const auto has_news = [&] {
    pollfd fd{.fd = watch->fd, .events = static_cast<short>(watch->events), .revents = 0};
    const bool news = ::poll(&fd, 1, 5000) > 0;
    EXPECT_TRUE(reader->process());
    return news;
  };
  add(1, "one");
  EXPECT_TRUE(has_news());
  EXPECT_EQ(rest(*reader), "one\n");
  add(1, "two");
  EXPECT_TRUE(has_news());
  EXPECT_EQ(rest(*reader), "two\n");
  add(2, "three");
  EXPECT_TRUE(has_news());
  EXPECT_EQ(rest(*reader), "three\n");
}

}  // namespace
}  // namespace ambit::cli
