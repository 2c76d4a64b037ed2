#include "image/tree_remove.h"

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

class TreeRemoveTest : public testing::Test {
 protected:
  void SetUp() override {
    // In memory: thousands of folders take long on a disk that discards each freed block.
    const std::filesystem::path memory = "/dev/shm";
    const auto parent =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (parent / "tree-remove-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    auto fd = os::open_at(AT_FDCWD, root_, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(fd);
    fd_ = *std::move(fd);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  bool exists(const std::string& name) {
    return ::faccessat(fd_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }

  std::filesystem::path root_;
  UniqueFd fd_;
};

TEST_F(TreeRemoveTest, WhatIsNotThereIsNoError) { EXPECT_TRUE(remove_tree(fd_.get(), "nothing")); }

TEST_F(TreeRemoveTest, LinksAreRemovedAndNotFollowed) {
  std::filesystem::create_directories(root_ / "kept");
  std::ofstream(root_ / "kept/file") << "x";
  std::filesystem::create_directories(root_ / "tree/sub");
  std::filesystem::create_symlink(root_ / "kept", root_ / "tree/sub/link");
  std::filesystem::create_symlink(root_ / "kept", root_ / "toplink");
  EXPECT_TRUE(remove_tree(fd_.get(), "tree"));
  EXPECT_TRUE(remove_tree(fd_.get(), "toplink"));
  EXPECT_FALSE(exists("tree"));
  EXPECT_FALSE(exists("toplink"));
  EXPECT_TRUE(exists("kept/file"));
}

// Neither a path of this length nor as many descriptors are possible.
TEST_F(TreeRemoveTest, DepthBeyondAnyPathIsRemoved) {
  ASSERT_EQ(::mkdirat(fd_.get(), "deep", 0700), 0);
  auto current = os::open_at(fd_.get(), "deep", O_RDONLY | O_DIRECTORY);
  constexpr int kDepth = 10000;
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_TRUE(current);
    ASSERT_EQ(::mkdirat(current->get(), "d", 0700), 0);
    current = os::open_at(current->get(), "d", O_RDONLY | O_DIRECTORY);
  }
  EXPECT_TRUE(remove_tree(fd_.get(), "deep"));
  EXPECT_FALSE(exists("deep"));
}

TEST_F(TreeRemoveTest, FolderWithManyNamesIsRemoved) {
  std::filesystem::create_directory(root_ / "wide");
  for (int i = 0; i < 5000; ++i) std::ofstream(root_ / "wide" / std::to_string(i));
  EXPECT_TRUE(remove_tree(fd_.get(), "wide"));
  EXPECT_FALSE(exists("wide"));
}

}  // namespace
}  // namespace ambit::image
