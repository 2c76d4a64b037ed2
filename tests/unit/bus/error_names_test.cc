#include "bus/error_names.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace ambit::bus {
namespace {

constexpr int kLast = static_cast<int>(ErrorCode::HostUnsupported);

TEST(ErrorNames, EveryCodeComesBackFromItsName) {
  for (int i = 0; i <= kLast; i++) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code(error_name(code)), code) << error_name(code);
  }
}

TEST(ErrorNames, NoTwoCodesShareAName) {
  std::set<std::string> names;
  for (int i = 0; i <= kLast; i++) names.insert(error_name(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
}

TEST(ErrorNames, BadArgumentsHaveTheWellKnownName) {
  EXPECT_STREQ(error_name(ErrorCode::InvalidArgument), "org.freedesktop.DBus.Error.InvalidArgs");
}

TEST(ErrorNames, SystemdsUnitErrorsAreTold) {
  EXPECT_EQ(error_code("org.freedesktop.systemd1.UnitExists"), ErrorCode::AlreadyExists);
  EXPECT_EQ(error_code("org.freedesktop.systemd1.NoSuchUnit"), ErrorCode::NotFound);
}

TEST(ErrorNames, AServiceThatIsNotThereOrCannotBeStartedIsTheHosts) {
  EXPECT_EQ(error_code("org.freedesktop.DBus.Error.ServiceUnknown"), ErrorCode::HostUnsupported);
  EXPECT_EQ(error_code("org.freedesktop.DBus.Error.Spawn.ChildExited"), ErrorCode::HostUnsupported);
}

TEST(ErrorNames, AForeignErrorKeepsItsNameInTheMessage) {
  const sd_bus_error error = {"com.example.Odd", "it broke", 0};
  const Error failure = from_bus_error(error, -EIO);
  EXPECT_EQ(failure.code(), ErrorCode::Io);
  EXPECT_EQ(failure.message(), "it broke (com.example.Odd)");
}

TEST(ErrorNames, OurErrorsMessageIsUnchanged) {
  const sd_bus_error error = {"org.ambit.Ambit1.Error.NoSuchImage", "no image x", 0};
  EXPECT_EQ(from_bus_error(error, -EIO).message(), "no image x");
}

TEST(ErrorNames, AnErrorWithoutANameIsItsErrno) {
  const sd_bus_error none = {nullptr, nullptr, 0};
  EXPECT_EQ(from_bus_error(none, -ECONNRESET).sys_errno(), ECONNRESET);
}

}  // namespace
}  // namespace ambit::bus
