#include "image/tree_size.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"

namespace ambit::image {
namespace {

namespace fs = std::filesystem;

class TreeSizeTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-size-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    fd_ = UniqueFd(::open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    fs::create_directories(folder_ / "tree/a");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& path, std::size_t size) const {
    std::ofstream(folder_ / path) << std::string(size, 'x');
  }
  std::uint64_t size() const {
    const auto bytes = tree_size(fd_.get(), "tree");
    EXPECT_TRUE(bytes);
    return bytes ? *bytes : 0;
  }

  fs::path folder_;
  UniqueFd fd_;
};

constexpr std::size_t kMega = 1 << 20;

TEST_F(TreeSizeTest, FilesCountWithAllTheirBlocksAndOncePerFile) {
  const std::uint64_t empty = size();
  write("tree/a/file", kMega);
  const std::uint64_t one = size();
  EXPECT_GE(one - empty, kMega);
  EXPECT_LT(one - empty, 2 * kMega);
  fs::create_hard_link(folder_ / "tree/a/file", folder_ / "tree/again");
  EXPECT_LT(size() - one, kMega / 2);
}

TEST_F(TreeSizeTest, LinksAreNotFollowed) {
  write("outside", kMega);
  fs::create_directory_symlink(folder_, folder_ / "tree/up");
  fs::create_symlink(folder_ / "outside", folder_ / "tree/link");
  EXPECT_LT(size(), kMega / 2);
}

TEST_F(TreeSizeTest, WhatIsNotThereIsNothing) {
  const auto bytes = tree_size(fd_.get(), "nothing");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, 0U);
}

TEST_F(TreeSizeTest, ATreeWithoutEndIsRefused) {
  UniqueFd at(::open((folder_ / "tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 600; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
    at = UniqueFd(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const auto bytes = tree_size(fd_.get(), "tree");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code(), ErrorCode::Unsupported);
}

}  // namespace
}  // namespace ambit::image
