#include "bus/error_names.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace ambit::bus {
namespace {

TEST(BusError, HasTheNameAndTheMessageOfTheReply) {
  const sd_bus_error error = {"org.ambit.Ambit1.Error.NoSuchImage", "no image x", 0};
  const Error failure = from_bus_error(error, -EIO);
  EXPECT_EQ(failure.code(), ErrorCode::NoSuchImage);
  EXPECT_EQ(failure.message(), "no image x");
}

TEST(BusError, WithoutANameIsItsErrno) {
  const sd_bus_error none = {nullptr, nullptr, 0};
  EXPECT_EQ(from_bus_error(none, -ECONNRESET).sys_errno(), ECONNRESET);
}

}  // namespace
}  // namespace ambit::bus
