#include "image/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "image/index_file.h"
#include "os/file.h"
#include "support/child.h"

namespace ambit::image {
namespace {

namespace fs = std::filesystem;

std::string digits(char c) { return std::string(64, c); }
std::string digest(char c) { return "sha256:" + digits(c); }

ImageUsers nobody() {
  return [](const std::string&) { return std::vector<std::string>(); };
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "store-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    auto fd = os::open_at(AT_FDCWD, root_, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(fd);
    fd_ = *std::move(fd);
  }
  void TearDown() override { fs::remove_all(root_); }

  Store open() {
    auto store = Store::open(fd_.get(), root_);
    EXPECT_TRUE(store) << store.error().message();
    return *std::move(store);
  }

  void put(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  // An image as a worker leaves it: config `c`, manifest `m`, one layer `l` with one file.
  ImageRecord stage(const std::string& job, char c, char m, char l,
                    const std::vector<std::string>& references) {
    const fs::path staged = fs::path("staging") / job;
    put(staged / "blobs" / digits(c), "config");
    put(staged / "blobs" / digits(m), "manifest");
    put(staged / "blobs" / digits(l), "layer");
    put(staged / "layers" / digits(l) / "fs/file", "contents");
    put(staged / "layers" / digits(l) / "layer.json", "{}");
    ImageRecord image;
    image.id = digits(c);
    image.references = references;
    image.manifest = {"application/vnd.oci.image.manifest.v1+json", digest(m), 8};
    image.config_blob = {"application/vnd.oci.image.config.v1+json", digest(c), 6};
    image.layers.push_back({.blob = {"t", digest(l), 5},
                            .diff_id = digest(l),
                            .chain_id = digits(l),
                            .unpacked_bytes = 8});
    image.size_bytes = 8;
    image.loaded_usec = ++clock_;
    image.config.architecture = "amd64";
    image.config.os = "linux";
    image.config.diff_ids = {digest(l)};
    return image;
  }

  std::string load(Store& store, char c, char m, char l,
                   const std::vector<std::string>& references) {
    auto job = store.begin_job();
    EXPECT_TRUE(job) << job.error().message();
    auto ids = store.finish_job(*job, {stage(*job, c, m, l, references)});
    EXPECT_TRUE(ids) << ids.error().message();
    return ids ? ids->front() : "";
  }

  fs::path root_;
  UniqueFd fd_;
  std::int64_t clock_ = 0;
};

TEST_F(StoreTest, LoadedImageIsFoundByEveryNameAndAfterReopening) {
  Store store = open();
  const std::string id = load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  Store again = open();
  for (const Store* each : {&store, &again})
    for (const std::string& name : {std::string("a"), std::string("docker.io/library/a:latest"), id,
                                    id.substr(0, 12), "sha256:" + id, "a@" + digest('2')}) {
      auto found = each->find(name);
      ASSERT_TRUE(found) << name << ": " << found.error().message();
      EXPECT_EQ((*found)->id, id);
    }
  EXPECT_TRUE(again.take_problems().empty());
  EXPECT_TRUE(again.trash().empty());
  auto paths = again.layer_paths(**again.find("a"));
  ASSERT_TRUE(paths);
  EXPECT_EQ(*paths, std::vector<std::string>{root_ / "layers" / digits('3') / "fs"});
  EXPECT_TRUE(fs::exists(paths->front() + "/file"));
}

TEST_F(StoreTest, UnknownNameIsNamedInTheError) {
  Store store = open();
  auto found = store.find("nothing:there");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::NoSuchImage);
  EXPECT_NE(found.error().message().find("nothing:there"), std::string::npos);
}

TEST_F(StoreTest, AmbiguousPrefixNamesTheCandidates) {
  Store store = open();
  auto job = store.begin_job();
  ImageRecord one = stage(*job, '1', '2', '3', {});
  ImageRecord two = stage(*job, '4', '5', '6', {});
  one.id = "abcd" + std::string(60, '1');
  two.id = "abcd" + std::string(60, '2');
  ASSERT_TRUE(store.finish_job(*job, {one, two}));
  auto found = store.find("abcd");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(found.error().message().find("abcd11111111"), std::string::npos);
  EXPECT_NE(found.error().message().find("abcd22222222"), std::string::npos);
  EXPECT_TRUE(store.find("abcd1"));
}

TEST_F(StoreTest, ReferenceMovesToTheNewImageAndTheOldOneStays) {
  Store store = open();
  const std::string old = load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  const std::string now = load(store, '4', '5', '6', {"docker.io/library/a:latest"});
  EXPECT_EQ((*store.find("a"))->id, now);
  EXPECT_TRUE((*store.find(old))->references.empty());
  EXPECT_EQ(store.images().front().id, now);
}

TEST_F(StoreTest, LastReferenceTakesTheImageAndItsFilesAlong) {
  Store store = open();
  const std::string id = load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  ASSERT_TRUE(store.tag("a", "b:1"));
  auto first = store.remove("a", RemoveReferences::KeepOthers, nobody());
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->deleted_id, "");
  EXPECT_TRUE(store.find("b:1"));
  auto last = store.remove("b:1", RemoveReferences::KeepOthers, nobody());
  ASSERT_TRUE(last) << last.error().message();
  EXPECT_EQ(last->deleted_id, id);
  EXPECT_EQ(last->freed_bytes, 8U + 6U + 5U + 8U);
  EXPECT_FALSE(fs::exists(root_ / "layers" / digits('3')));
  EXPECT_TRUE(fs::is_empty(root_ / "images/blobs/sha256"));
  EXPECT_TRUE(fs::is_empty(root_ / "image-records"));
  EXPECT_FALSE(store.trash().empty());
}

TEST_F(StoreTest, SharedLayersStayWithTheOtherImage) {
  Store store = open();
  load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  load(store, '4', '5', '3', {"docker.io/library/b:latest"});
  auto removed = store.remove("a", RemoveReferences::KeepOthers, nobody());
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->freed_bytes, 8U + 6U);
  EXPECT_TRUE(fs::exists(root_ / "layers" / digits('3') / "fs/file"));
  EXPECT_EQ((*store.find("b"))->broken, "");
}

TEST_F(StoreTest, ImageInUseOrWithSeveralNamesIsBusy) {
  Store store = open();
  const std::string id = load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  auto used = store.remove("a", RemoveReferences::All,
                           [](const std::string&) { return std::vector<std::string>{"web"}; });
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code(), ErrorCode::Busy);
  EXPECT_NE(used.error().message().find("web"), std::string::npos);
  ASSERT_TRUE(store.tag("a", "b"));
  EXPECT_EQ(store.remove(id, RemoveReferences::KeepOthers, nobody()).error().code(),
            ErrorCode::Busy);
  EXPECT_TRUE(store.remove(id, RemoveReferences::All, nobody()));
}

TEST_F(StoreTest, NothingIsCollectedWhileAJobRuns) {
  Store store = open();
  load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  auto job = store.begin_job();
  ASSERT_TRUE(store.remove("a", RemoveReferences::KeepOthers, nobody()));
  EXPECT_TRUE(fs::exists(root_ / "layers" / digits('3')));
  store.abandon_job(*job);
  EXPECT_FALSE(fs::exists(root_ / "layers" / digits('3')));
  EXPECT_FALSE(fs::exists(root_ / "staging" / *job));
}

TEST_F(StoreTest, LeftOverStagingGoesToTheTrashAtTheNextStart) {
  {
    Store store = open();
    auto job = store.begin_job();
    stage(*job, '1', '2', '3', {});
  }
  Store store = open();
  EXPECT_TRUE(fs::is_empty(root_ / "staging"));
  ASSERT_EQ(store.trash().size(), 1U);
  EXPECT_TRUE(fs::exists(root_ / "trash" / store.trash().front()));
  store.forget_trash({store.trash().front()});
  EXPECT_TRUE(store.trash().empty());
  EXPECT_EQ(open().trash().size(), 1U) << "what is still there is found again";
}

TEST_F(StoreTest, ImageWithoutItsLayerIsListedMarkedAndRemovable) {
  {
    Store store = open();
    load(store, '1', '2', '3', {"docker.io/library/a:latest"});
    load(store, '4', '5', '6', {"docker.io/library/b:latest"});
  }
  fs::remove_all(root_ / "layers" / digits('3'));
  Store store = open();
  ASSERT_EQ(store.images().size(), 2U);
  EXPECT_NE((*store.find("a"))->broken, "");
  EXPECT_EQ((*store.find("b"))->broken, "");
  EXPECT_EQ(store.layer_paths(**store.find("a")).error().code(), ErrorCode::Corrupt);
  EXPECT_EQ(store.take_problems().size(), 1U);
  EXPECT_TRUE(store.remove("a", RemoveReferences::KeepOthers, nobody()));
  EXPECT_EQ(store.images().size(), 1U);
}

TEST_F(StoreTest, DamagedRecordMarksItsImageAlone) {
  {
    Store store = open();
    load(store, '1', '2', '3', {"docker.io/library/a:latest"});
    load(store, '4', '5', '6', {"docker.io/library/b:latest"});
  }
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"),
                                  std::string("{\"id\":5}"), std::string(200, '[')}) {
    put("image-records/" + digits('2') + ".json", text);
    Store store = open();
    ASSERT_EQ(store.images().size(), 2U);
    EXPECT_NE((*store.find("a"))->broken, "");
    EXPECT_EQ((*store.find("b"))->broken, "");
    EXPECT_TRUE(fs::exists(root_ / "layers" / digits('3'))) << "its layer may be needed for repair";
  }
  Store store = open();
  EXPECT_TRUE(store.remove("a", RemoveReferences::KeepOthers, nobody()));
  EXPECT_FALSE(fs::exists(root_ / "layers" / digits('3')));
  EXPECT_TRUE(fs::exists(root_ / "layers" / digits('6')));
}

TEST_F(StoreTest, DamagedIndexLosesNamesOnly) {
  for (const std::string& text : {std::string(), std::string("{\"manifests\":"), std::string("7"),
                                  std::string("{\"manifests\":[{\"digest\":\"../x\"}]}")}) {
    {
      Store store = open();
      load(store, '1', '2', '3', {"docker.io/library/a:latest"});
    }
    put("images/index.json", text);
    Store store = open();
    ASSERT_EQ(store.images().size(), 1U) << text;
    EXPECT_EQ(store.images().front().id, digits('1'));
    EXPECT_EQ(store.images().front().broken, "");
    EXPECT_FALSE(store.take_problems().empty());
    EXPECT_TRUE(store.tag(digits('1'), "a"));
  }
}

TEST_F(StoreTest, LoadingAgainMendsABrokenImage) {
  {
    Store store = open();
    load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  }
  fs::remove_all(root_ / "layers" / digits('3') / "fs");
  Store store = open();
  EXPECT_NE((*store.find("a"))->broken, "");
  load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  EXPECT_EQ((*store.find("a"))->broken, "");
}

TEST_F(StoreTest, JobThatLacksAPartChangesNothing) {
  Store store = open();
  load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  auto job = store.begin_job();
  ImageRecord image = stage(*job, '4', '5', '6', {"docker.io/library/a:latest"});
  fs::remove_all(root_ / "staging" / *job / "layers" / digits('6'));
  EXPECT_FALSE(store.finish_job(*job, {image}));
  EXPECT_EQ(store.images().size(), 1U);
  EXPECT_EQ((*store.find("a"))->id, digits('1'));
  EXPECT_FALSE(fs::exists(root_ / "images/blobs/sha256" / digits('5')));
}

TEST_F(StoreTest, LinkInPlaceOfABlobIsNotPublished) {
  Store store = open();
  auto job = store.begin_job();
  const ImageRecord image = stage(*job, '4', '5', '6', {});
  const fs::path blob = root_ / "staging" / *job / "blobs" / digits('4');
  fs::remove(blob);
  fs::create_symlink("/etc/passwd", blob);
  EXPECT_FALSE(store.finish_job(*job, {image}));
  EXPECT_FALSE(fs::exists(fs::symlink_status(root_ / "images/blobs/sha256" / digits('4'))));
  EXPECT_TRUE(store.images().empty());
}

// The file system is a small one in a namespace of its own.
TEST_F(StoreTest, RemovingNeedsNoFreeSpace) {
  AMBIT_REQUIRE_USERNS();
  const auto body = [&]() -> Result<void> {
    if (::mount("tmpfs", root_.c_str(), "tmpfs", 0, "size=4m") < 0)
      return Error::from_errno(errno, "mount");
    fd_ = AMBIT_TRY(os::open_at(AT_FDCWD, root_, O_PATH | O_DIRECTORY));
    Store store = AMBIT_TRY(Store::open(fd_.get(), root_));
    for (const char c : {'1', '4', '7'})
      load(store, c, static_cast<char>(c + 1), static_cast<char>(c + 2),
           {std::string("docker.io/library/a:") + c});
    UniqueFd filler = AMBIT_TRY(os::open_at(fd_.get(), "filler", O_WRONLY | O_CREAT, 0600));
    while (os::write_all(filler.get(), std::string(4096, 'x'))) {
    }
    const std::string id = store.images().front().id;
    AMBIT_TRY(store.remove(id, RemoveReferences::All, nobody()));
    AMBIT_TRY(store.remove("a:1", RemoveReferences::All, nobody()));
    Store again = AMBIT_TRY(Store::open(fd_.get(), root_));
    if (again.images().size() != 1) return Error(ErrorCode::Internal, "not removed for good");
    return {};
  };
  auto result = test::run_in_userns(body);
  EXPECT_TRUE(result) << result.error().message();
}

TEST_F(StoreTest, IndexHasOneDescriptorPerReference) {
  Store store = open();
  load(store, '1', '2', '3', {"docker.io/library/a:latest", "docker.io/library/a:1"});
  auto text = os::read_file_at(fd_.get(), "images/index.json", 65536);
  ASSERT_TRUE(text);
  auto entries = parse_index(*text);
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 2U);
  for (const IndexEntry& entry : *entries) {
    EXPECT_EQ(entry.blob.digest, digest('2'));
    EXPECT_EQ(entry.architecture, "amd64");
    EXPECT_TRUE(entry.reference.starts_with("docker.io/library/a:"));
  }
}

TEST_F(StoreTest, PruneTakesUntaggedImagesThatNobodyUses) {
  Store store = open();
  load(store, '1', '2', '3', {});
  const std::string used = load(store, '4', '5', '6', {});
  load(store, '7', '8', '9', {"docker.io/library/a:latest"});
  const auto users = [&](const std::string& id) {
    return id == used ? std::vector<std::string>{"web"} : std::vector<std::string>();
  };
  auto pruned = store.prune(Store::Tagged::Keep, users);
  ASSERT_TRUE(pruned) << pruned.error().message();
  ASSERT_EQ(pruned->size(), 1U);
  EXPECT_EQ(pruned->front().deleted_id, digits('1'));
  EXPECT_EQ(store.images().size(), 2U);
}

TEST_F(StoreTest, UntaggedImageKeepsItsId) {
  Store store = open();
  const std::string id = load(store, '1', '2', '3', {"docker.io/library/a:latest"});
  ASSERT_TRUE(store.untag("a"));
  EXPECT_EQ(store.untag("a").error().code(), ErrorCode::NoSuchImage);
  EXPECT_TRUE((*store.find(id))->references.empty());
  EXPECT_EQ(open().images().size(), 1U);
}

}  // namespace
}  // namespace ambit::image
