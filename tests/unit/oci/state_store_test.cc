#include "oci/state_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "oci/status.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

class StateStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ambit-oci-state-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  StateStore store() { return *StateStore::open(root_); }

  std::string root_;
};

TEST_F(StateStoreTest, AStateComesBackAsItWasWritten) {
  const StateStore store = this->store();
  const StateFolder folder = *store.create("web-1");
  const StoredState state = {
      .id = "web-1",
      .bundle = "/b",
      .created = "2026-01-01T00:00:00Z",
      .pid = 7,
      .start_ticks = 8,
      .owner = 9,
      .cgroup = {.path = "/c", .scope = "s.scope", .manager = CgroupManager::Systemd}};
  ASSERT_TRUE(folder.write_state(state));
  const auto read = (*store.find("web-1")).state();
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(write_stored_state(*read), write_stored_state(state));
}

TEST_F(StateStoreTest, AnIdIsGivenOnce) {
  const StateStore store = this->store();
  ASSERT_TRUE(store.create("web"));
  const auto again = store.create("web");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(store.ids(), std::vector<std::string>{"web"});
}

TEST_F(StateStoreTest, IdsThatLeaveTheFolderAreRefused) {
  const StateStore store = this->store();
  for (const char* id : {"", ".", "..", "a/b", "../a", "a b", "a\n", "\xc3\xa4"}) {
    const auto folder = store.create(id);
    ASSERT_FALSE(folder) << id;
    EXPECT_EQ(folder.error().code(), ErrorCode::InvalidArgument) << id;
    EXPECT_FALSE(store.find(id)) << id;
  }
  EXPECT_TRUE(store.create("a_B.9+c-d"));
}

TEST_F(StateStoreTest, WhatIsNotThereIsNoSuchContainer) {
  const auto folder = store().find("web");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), ErrorCode::NoSuchContainer);
}

TEST_F(StateStoreTest, AFolderWithoutAStateHasNoProcess) {
  const StateStore store = this->store();
  const StateFolder folder = *store.create("web");
  const auto state = folder.state();
  ASSERT_TRUE(state);
  EXPECT_EQ((*state).pid, 0);
  EXPECT_EQ(*status_of(folder, *state), Status::Stopped);
}

TEST_F(StateStoreTest, AReusedNumberIsNotTheContainersProcess) {
  const StateFolder folder = *store().create("web");
  StoredState state = {.id = "web", .created = "now", .pid = ::getpid()};
  state.start_ticks = *start_ticks(::getpid());
  EXPECT_EQ(*status_of(folder, state), Status::Running);
  ++state.start_ticks;
  EXPECT_EQ(*status_of(folder, state), Status::Stopped);
}

TEST_F(StateStoreTest, TheStartSocketTellsCreatedFromRunning) {
  const StateFolder folder = *store().create("web");
  const StoredState state = {
      .id = "web", .created = "now", .pid = ::getpid(), .start_ticks = *start_ticks(::getpid())};
  ASSERT_TRUE(os::open_at(folder.fd(), StateFolder::kStartSocket, O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(*status_of(folder, state), Status::Created);
}

TEST_F(StateStoreTest, NothingIsLeftOfOneThatWasRemoved) {
  const StateStore store = this->store();
  ASSERT_TRUE((*store.create("web")).write_state({.id = "web"}));
  ASSERT_TRUE(store.remove("web"));
  EXPECT_TRUE(store.ids().empty());
}

TEST_F(StateStoreTest, AFolderOfSomebodyElseIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has folders of others";
  ASSERT_EQ(::chown(root_.c_str(), 12345, 12345), 0);
  const auto store = StateStore::open(root_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::PermissionDenied);
}

TEST_F(StateStoreTest, AStateThatIsNoneIsCorrupt) {
  for (const char* text : {"", "{", "[]", R"({"pid": "1"})", R"({"manager": 2})"}) {
    const auto state = parse_stored_state(text);
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code(), ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace ambit::oci
