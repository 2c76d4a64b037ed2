#include "engine/record_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ambit::engine {
namespace {

namespace fs = std::filesystem;

class RecordStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "records-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    paths_ = {.data = dir_ / "data", .runtime = dir_ / "run", .config = ""};
    record_.id = std::string(64, 'b');
    record_.name = "web";
    record_.image = "busybox";
    record_.command = {"sh", "-c", "x\ny"};
    record_.options.stop_timeout_usec = 5;
    record_.options.mounts = {
        {.destination = "/d", .type = "bind", .source = "/s", .options = {"ro"}}};
  }
  void TearDown() override { fs::remove_all(dir_); }

  fs::path dir_;
  Paths paths_;
  spec::ContainerRecord record_;
};

TEST_F(RecordStoreTest, GivesBackWhatWasAdded) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  auto listing = store->list();
  ASSERT_TRUE(listing);
  ASSERT_EQ(listing->records.size(), 1U);
  EXPECT_EQ(spec::write_container_record(listing->records.front()),
            spec::write_container_record(record_));
  EXPECT_FALSE(store->add(record_));
}

TEST_F(RecordStoreTest, HistoryIsKeptAndOneThatCannotBeReadIsEmpty) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  EXPECT_TRUE(store->read_history(record_.id).empty());
  const spec::RunHistory history = {
      {.started_usec = 1, .exited_usec = 2, .exit_code = 137, .reason = "oom", .oom_killed = true}};
  ASSERT_TRUE(store->write_history(record_.id, history));
  EXPECT_EQ(store->read_history(record_.id), history);
  for (const char* text : {"", "{", "[]", "{\"runs\":[{}]}", "{\"runs\":1}"}) {
    std::ofstream(store->data_path(record_.id) + "/history.json") << text;
    EXPECT_TRUE(store->read_history(record_.id).empty()) << text;
  }
}

TEST_F(RecordStoreTest, LeavesOutWhatCannotBeReadAndSaysSo) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  for (const char* text : {"", "{", "[]", "{\"id\":1}", "null"}) {
    std::ofstream(store->data_path(record_.id) + "/record.json") << text;
    auto listing = store->list();
    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->records.empty()) << text;
    ASSERT_EQ(listing->problems.size(), 1U) << text;
    EXPECT_NE(listing->problems.front().find("bbbbbbbbbbbb"), std::string::npos);
  }
}

TEST_F(RecordStoreTest, TellsAFolderWhoseRecordWasNeverWrittenFromABrokenOne) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  fs::remove(store->data_path(record_.id) + "/record.json");
  auto listing = store->list();
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->unfinished, std::vector<std::string>{record_.id});
  EXPECT_TRUE(listing->problems.empty());
}

TEST_F(RecordStoreTest, ANewRunForgetsHowTheLastOneEnded) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  std::ofstream(store->data_path(record_.id) + "/exit.json")
      << spec::write_exit_record({.boot_id = "x", .exit_code = 3, .reason = "exited"});
  ASSERT_TRUE(store->read_exit(record_.id).has_value());
  EXPECT_EQ(store->read_exit(record_.id)->exit_code, 3);
  ASSERT_TRUE(store->begin_run(record_.id, {.boot_id = "now", .unit = "ambit-web.scope"}));
  EXPECT_FALSE(store->read_exit(record_.id).has_value());
  EXPECT_EQ(store->read_run(record_.id)->unit, "ambit-web.scope");
}

TEST_F(RecordStoreTest, DiscardedContainersLeaveTheListAndSmallTreesGoAtOnce) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  // As overlay leaves its work folder.
  ASSERT_EQ(::mkdir((store->data_path(record_.id) + "/work/work").c_str(), 0), 0);
  const auto name = store->discard(record_.id);
  ASSERT_TRUE(name);
  EXPECT_TRUE(store->list()->records.empty());
  EXPECT_TRUE(remove_small_tree(store->trash_fd(), *name, 64));
  EXPECT_TRUE(fs::is_empty(paths_.data + "/trash"));
}

TEST_F(RecordStoreTest, LargeTreesAreLeftToTheWorker) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  for (int i = 0; i < 20; ++i)
    std::ofstream(store->data_path(record_.id) + "/upper/" + std::to_string(i)) << "x";
  const auto name = store->discard(record_.id);
  ASSERT_TRUE(name);
  const auto result = remove_small_tree(store->trash_fd(), *name, 10);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::Busy);
}

TEST_F(RecordStoreTest, DeletingNeverFollowsALink) {
  auto store = RecordStore::open(paths_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add(record_));
  fs::create_directory(dir_ / "outside");
  std::ofstream(dir_ / "outside" / "kept") << "x";
  fs::create_directory_symlink(dir_ / "outside", store->data_path(record_.id) + "/upper/link");
  const auto name = store->discard(record_.id);
  ASSERT_TRUE(name);
  EXPECT_TRUE(remove_small_tree(store->trash_fd(), *name, 64));
  EXPECT_TRUE(fs::exists(dir_ / "outside" / "kept"));
}

}  // namespace
}  // namespace ambit::engine
