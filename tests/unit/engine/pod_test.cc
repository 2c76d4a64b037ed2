#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "engine/launch_spec.h"
#include "engine/pod_store.h"
#include "engine/pods.h"
#include "spec/holder_settings.h"

// Records of pods, and what of a container's specification is its pod's.
namespace ambit::engine {
namespace {

using spec::NamespaceType;

spec::RuntimeSpec spec_in(const spec::PodOptions& pod) {
  spec::ContainerRecord record;
  record.id = std::string(64, 'a');
  record.name = "web";
  record.command = {"sh"};
  record.working_dir = "/";
  record.options.hostname = "web";
  auto spec = make_launch_spec(record, {.layers = {"/l"}}, "/data");
  EXPECT_TRUE(spec);
  share_in_spec(pod, *spec);
  return *std::move(spec);
}

std::string path_of(const spec::RuntimeSpec& spec, NamespaceType type) {
  for (const spec::Namespace& item : spec.namespaces)
    if (item.type == type) return item.path;
  return "missing";
}

std::string source_of(const spec::RuntimeSpec& spec, const std::string& destination) {
  for (const spec::Mount& mount : spec.mounts)
    if (mount.destination == destination) return mount.source;
  return "missing";
}

TEST(PodSpecTest, WhatThePodSharesIsItsHoldersToGive) {
  const spec::RuntimeSpec spec = spec_in({});
  EXPECT_EQ(path_of(spec, NamespaceType::Network), spec::kGivenNetwork);
  EXPECT_EQ(path_of(spec, NamespaceType::Ipc), spec::kGivenIpc);
  EXPECT_EQ(path_of(spec, NamespaceType::Uts), spec::kGivenUts);
  EXPECT_EQ(source_of(spec, "/dev/shm"), spec::kGivenShm);
  EXPECT_EQ(source_of(spec, "/dev/mqueue"), spec::kGivenMqueue);
  EXPECT_EQ(spec.hostname, "");
  for (const NamespaceType own : {NamespaceType::User, NamespaceType::Mount, NamespaceType::Pid})
    EXPECT_EQ(path_of(spec, own), "");
}

TEST(PodSpecTest, WhatItDoesNotShareStaysTheContainersOwn) {
  const spec::RuntimeSpec spec = spec_in({.share = {}});
  for (const NamespaceType own : {NamespaceType::Network, NamespaceType::Ipc, NamespaceType::Uts})
    EXPECT_EQ(path_of(spec, own), "");
  EXPECT_EQ(source_of(spec, "/dev/shm"), "shm");
  EXPECT_EQ(spec.hostname, "web");
}

class PodStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/ambit-pods-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Paths paths() const { return {.data = folder_ + "/data", .runtime = folder_ + "/run"}; }

  std::string folder_;
};

TEST_F(PodStoreTest, ARecordComesBackAndGoes) {
  auto store = PodStore::open(paths());
  ASSERT_TRUE(store);
  const spec::PodRecord record = {.name = "web-1",
                                  .created_usec = 5,
                                  .complete = true,
                                  .options = {.share = {NamespaceType::Uts},
                                              .hostname = "h",
                                              .labels = {{"a", "b"}},
                                              .shm_size_bytes = 7}};
  ASSERT_TRUE(store->save(record));
  auto listing = store->list();
  ASSERT_TRUE(listing);
  ASSERT_EQ(listing->records.size(), 1u);
  EXPECT_EQ(spec::write_pod_record(listing->records.front()), spec::write_pod_record(record));
  ASSERT_TRUE(store->remove("web-1"));
  ASSERT_TRUE(store->remove("web-1"));
  EXPECT_TRUE(store->list()->records.empty());
}

TEST_F(PodStoreTest, ARecordThatCantBeReadIsLeftOutAndTold) {
  auto store = PodStore::open(paths());
  ASSERT_TRUE(store);
  for (const char* text : {"", "[]", "{\"name\": \"x\"}"}) {
    std::filesystem::remove(folder_ + "/data/pods/bad.json");
    FILE* file = std::fopen((folder_ + "/data/pods/bad.json").c_str(), "w");
    ASSERT_NE(file, nullptr);
    (void)std::fputs(text, file);
    (void)std::fclose(file);
    auto listing = store->list();
    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->records.empty());
    ASSERT_EQ(listing->problems.size(), 1u);
    EXPECT_NE(listing->problems.front().find("pod bad is left out"), std::string::npos);
  }
}

}  // namespace
}  // namespace ambit::engine
