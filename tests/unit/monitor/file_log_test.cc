#include "monitor/file_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "spec/log_line.h"

namespace ambit::monitor {
namespace {

namespace fs = std::filesystem;

class FileLogTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-log-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    fd_ = UniqueFd(::open(name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override { fs::remove_all(folder_); }

  FileLog::Options small() const { return {.max_size_bytes = 200, .max_files = 2}; }
  void begin(FileLog& log) { log.set_folder(fd_.get()); }
  void write(FileLog& log, const std::string& text) {
    log.add({.bytes = text});
    log.flush(now_);
  }
  std::string path(const std::string& name) const { return folder_ + "/log/" + name; }
  // The bytes of a file's records, one a line; "?" for what is none.
  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    std::string all;
    for (std::string line; std::getline(file, line);) {
      const auto record = spec::parse_log_line(line);
      all += record ? std::string(record->stream == "note" ? "note " : "") +
                          std::string(record->bytes) + "\n"
                    : "?\n";
    }
    return all;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_ + "/log"))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }

  std::string folder_;
  UniqueFd fd_;
  FileLog::Clock::time_point now_ = FileLog::Clock::now();
};

TEST_F(FileLogTest, WithoutOutputThereIsNoFile) {
  FileLog log(small());
  begin(log);
  log.flush(now_);
  EXPECT_FALSE(fs::exists(folder_ + "/log"));
}

TEST_F(FileLogTest, FolderAndFileAreTheUsersAlone) {
  FileLog log(small());
  begin(log);
  write(log, "hello");
  EXPECT_EQ(content("1.log"), "hello\n");
  EXPECT_EQ(fs::status(folder_ + "/log").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(path("1.log")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FileLogTest, AFullFileIsLeftForTheNextAndTheOldestGoes) {
  FileLog log(small());
  begin(log);
  for (int i = 0; i < 12; ++i) write(log, "record " + std::to_string(i));
  // 45 bytes each: four fit into a file.
  EXPECT_EQ(names(), (std::vector<std::string>{"2.log", "3.log"}));
  EXPECT_EQ(content("2.log"), "record 4\nrecord 5\nrecord 6\nrecord 7\n");
  EXPECT_EQ(content("3.log"), "record 8\nrecord 9\nrecord 10\nrecord 11\n");
  EXPECT_LE(fs::file_size(path("3.log")), 200U);
}

TEST_F(FileLogTest, ManyRecordsAtOnceAreSpreadOverFiles) {
  FileLog log({.max_size_bytes = 200, .max_files = 100});
  begin(log);
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    log.add({.bytes = std::to_string(i)});
    expected += std::to_string(i) + "\n";
  }
  log.flush(now_);
  std::string got;
  for (int i = 1; fs::exists(path(std::to_string(i) + ".log")); ++i) {
    EXPECT_LE(fs::file_size(path(std::to_string(i) + ".log")), 200U);
    got += content(std::to_string(i) + ".log");
  }
  EXPECT_EQ(got, expected);
}

TEST_F(FileLogTest, ARecordLargerThanAFileHasOneOfItsOwn) {
  FileLog log(small());
  begin(log);
  const std::string large(1000, 'x');
  for (const std::string& text : {std::string("a"), large, std::string("b")}) write(log, text);
  EXPECT_EQ(content("2.log"), large + "\n");
  EXPECT_EQ(content("3.log"), "b\n");
}

TEST_F(FileLogTest, TheNextRunGoesOnInTheNewestFile) {
  for (const char* text : {"first run", "second run"}) {
    FileLog log(small());
    begin(log);
    write(log, text);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"1.log"});
  EXPECT_EQ(content("1.log"), "first run\nsecond run\n");
}

TEST_F(FileLogTest, WhatAPowerCutHasLeftHarmsNoLaterRecord) {
  fs::create_directory(folder_ + "/log");
  std::ofstream(path("1.log")) << "2025-11-25T15:5";
  FileLog log(small());
  begin(log);
  write(log, "later");
  EXPECT_EQ(content("1.log"), "?\nlater\n");
}

TEST_F(FileLogTest, LinksAndWhatIsNoPlainFileAreNotWrittenTo) {
  const std::string target = folder_ + "/target";
  std::ofstream(target) << "untouched";
  fs::create_directory(folder_ + "/log");
  fs::create_symlink(target, path("1.log"));
  ASSERT_EQ(::mkfifo(path("2.log").c_str(), 0600), 0);
  fs::create_hard_link(target, path("3.log"));
  fs::create_symlink(target, path("4.log"));
  FileLog log({.max_size_bytes = 200, .max_files = 100});
  begin(log);
  write(log, "mine");
  EXPECT_EQ(content("5.log"), "mine\n");
  std::stringstream text;
  text << std::ifstream(target).rdbuf();
  EXPECT_EQ(text.str(), "untouched");
}

TEST_F(FileLogTest, AFolderThatIsALinkIsNotFollowed) {
  fs::create_directory(folder_ + "/elsewhere");
  fs::create_directory_symlink(folder_ + "/elsewhere", folder_ + "/log");
  FileLog log(small());
  begin(log);
  write(log, "lost");
  EXPECT_TRUE(fs::is_empty(folder_ + "/elsewhere"));
  EXPECT_EQ(log.take_lost(FileLog::Moment::End), 1U);
}

// A limit of file sizes is a disk that is full: the write ends short, the next one fails.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    (void)::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    (void)::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { (void)::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(FileLogTest, WhatDoesNotFitIsCountedAndNotedWhenThereIsRoomAgain) {
  FileLog log({.max_size_bytes = 1 << 20, .max_files = 2});
  begin(log);
  write(log, "before");
  {
    const FullDisk disk(60);
    write(log, "lost 1");
    log.add({.bytes = "lost 2"});
    log.add({.bytes = "lost 3"});
    log.flush(now_ + FileLog::kRest);
    EXPECT_EQ(log.take_lost(FileLog::Moment::Running), 0U);  // not over yet
  }
  write(log, "lost 4");  // still resting
  now_ += 3 * FileLog::kRest;
  write(log, "after");
  EXPECT_EQ(content("1.log"),
            "before\nnote 4 lines of output are missing here: writing its file: File too large\n"
            "after\n");
  EXPECT_EQ(log.take_lost(FileLog::Moment::Running), 4U);
  EXPECT_EQ(log.take_lost(FileLog::Moment::End), 0U);
}

TEST_F(FileLogTest, WhatIsLostAtTheEndIsToldAllTheSame) {
  FileLog log(small());
  begin(log);
  const FullDisk disk(10);
  write(log, "lost");
  EXPECT_EQ(log.take_lost(FileLog::Moment::End), 1U);
  EXPECT_EQ(content("1.log"), "");
}

}  // namespace
}  // namespace ambit::monitor
