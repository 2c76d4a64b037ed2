#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/result.h"

namespace ambit {
namespace {

Result<int> fails() { return Error::from_errno(ENOENT, "opening x"); }
Result<void> passes_up() {
  AMBIT_TRY(fails().context("starting web"));
  return {};
}

TEST(ErrorTest, ReadsOutermostContextFirstAndKeepsItsCause) {
  const auto result = passes_up();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "starting web: opening x: No such file or directory");
  EXPECT_EQ(result.error().code(), ErrorCode::NotFound);
  EXPECT_EQ(result.error().sys_errno(), ENOENT);
}

TEST(ErrorTest, FullDisksAreTheirOwnKind) {
  EXPECT_EQ(Error::from_errno(ENOSPC, "x").code(), ErrorCode::NoSpace);
  EXPECT_EQ(Error::from_errno(EDQUOT, "x").code(), ErrorCode::NoSpace);
}

}  // namespace
}  // namespace ambit
