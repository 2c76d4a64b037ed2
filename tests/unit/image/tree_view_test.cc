#include "image/tree_view.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "os/file.h"

namespace ambit::image {
namespace {

// A top and two lower folders.
class TreeViewTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tree-view-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    for (const char* layer : {"top", "upper", "lower"})
      std::filesystem::create_directory(root_ / layer);
    top_ = open("top");
    upper_ = open("upper");
    lower_ = open("lower");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  UniqueFd open(const char* layer) {
    auto fd = os::open_at(AT_FDCWD, root_ / layer, O_RDONLY | O_DIRECTORY);
    EXPECT_TRUE(fd);
    return *std::move(fd);
  }
  void folder(const std::string& path) { std::filesystem::create_directories(root_ / path); }
  void file(const std::string& path) { std::ofstream(root_ / path) << "x"; }
  void link(const std::string& path, const std::string& target) {
    std::filesystem::create_symlink(target, root_ / path);
  }
  TreeView view() { return TreeView(top_.get(), {upper_.get(), lower_.get()}); }
  std::string canonical(const std::string& path) {
    auto result = view().canonical_folder(path);
    return result ? *result : "error: " + result.error().message();
  }

  std::filesystem::path root_;
  UniqueFd top_, upper_, lower_;
};

TEST_F(TreeViewTest, LinksOfLowerLayersAreFollowed) {
  folder("lower/usr/lib");
  link("lower/lib", "usr/lib");
  EXPECT_EQ(canonical("lib/x"), "usr/lib/x");
}

TEST_F(TreeViewTest, LinksEndAtTheRoot) {
  folder("top/etc");
  link("top/absolute", "/etc");
  link("top/up", "../../../../etc");
  link("top/etc/deep", "../../../..");
  EXPECT_EQ(canonical("absolute"), "etc");
  EXPECT_EQ(canonical("up"), "etc");
  EXPECT_EQ(canonical("etc/deep"), "");
  EXPECT_EQ(canonical("up/deep/up/shadow"), "etc/shadow");
}

TEST_F(TreeViewTest, LoopsOfLinksAreCorrupt) {
  link("top/a", "b");
  link("top/b", "a");
  link("top/self", "self/self/self");
  EXPECT_EQ(view().canonical_folder("a").error().code(), ErrorCode::Corrupt);
  EXPECT_EQ(view().canonical_folder("self").error().code(), ErrorCode::Corrupt);
}

TEST_F(TreeViewTest, FileOnTheWayIsCorrupt) {
  file("lower/f");
  EXPECT_EQ(view().canonical_folder("f/x").error().code(), ErrorCode::Corrupt);
}

TEST_F(TreeViewTest, UpperLayerHidesWhatIsBelowAFile) {
  folder("lower/d");
  file("lower/d/f");
  file("upper/d");
  auto found = view().find_lower("d/f");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(TreeViewTest, FoldersOfSeveralLayersAreOne) {
  folder("lower/d");
  folder("upper/d");
  file("lower/d/low");
  file("upper/d/up");
  EXPECT_TRUE(*view().find_lower("d/low"));
  EXPECT_TRUE(*view().find_lower("d/up"));
}

TEST_F(TreeViewTest, HiddenPathsAreGoneWithAllBelow) {
  folder("lower/d/e");
  file("lower/d/e/f");
  TreeView hiding = view();
  hiding.hide("d");
  EXPECT_FALSE(*hiding.find_lower("d"));
  EXPECT_FALSE(*hiding.find_lower("d/e/f"));
  EXPECT_TRUE(*hiding.find_hidden("d"));
  TreeView opaque = view();
  opaque.hide_contents("d");
  EXPECT_TRUE(*opaque.find_lower("d"));
  EXPECT_FALSE(*opaque.find_lower("d/e"));
}

TEST(CleanPathTest, NothingLeadsAboveTheRoot) {
  EXPECT_EQ(*clean_path("./a//b/./c/"), "a/b/c");
  EXPECT_EQ(*clean_path("/../../etc/passwd"), "etc/passwd");
  EXPECT_EQ(*clean_path("a/../../b"), "b");
  EXPECT_EQ(*clean_path("."), "");
  EXPECT_EQ(*clean_path(""), "");
  EXPECT_FALSE(clean_path(std::string(5000, 'a')));
}

}  // namespace
}  // namespace ambit::image
