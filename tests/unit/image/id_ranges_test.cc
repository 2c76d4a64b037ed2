#include "image/id_ranges.h"

#include <gtest/gtest.h>

namespace ambit::image {
namespace {

TEST(IdRangesTest, OnlyMappedIdsAreContained) {
  auto ids =
      IdRanges::parse("         0       1000          1\n         1     100000      65535\n");
  ASSERT_TRUE(ids) << ids.error().message();
  EXPECT_TRUE(ids->contains(0));
  EXPECT_TRUE(ids->contains(65535));
  EXPECT_FALSE(ids->contains(65536));
  EXPECT_FALSE(ids->contains(-1));
  EXPECT_FALSE(ids->contains(INT64_MAX));
  EXPECT_EQ(ids->describe(), "0-65535");
}

TEST(IdRangesTest, GapsAreTold) {
  auto ids = IdRanges::parse("0 1000 1\n10 100000 10\n");
  ASSERT_TRUE(ids) << ids.error().message();
  EXPECT_FALSE(ids->contains(5));
  EXPECT_EQ(ids->describe(), "0-0, 10-19");
}

}  // namespace
}  // namespace ambit::image
