#include "dbus/error_names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ambit::dbus {
namespace {

constexpr int kLast = static_cast<int>(kLastErrorCode);

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
  const Error error = failure("com.example.Odd", "it broke");
  EXPECT_EQ(error.code(), ErrorCode::Io);
  EXPECT_EQ(error.message(), "it broke (com.example.Odd)");
}

TEST(ErrorNames, OurErrorsMessageIsUnchanged) {
  EXPECT_EQ(failure("org.ambit.Ambit1.Error.NoSuchImage", "no image x").message(), "no image x");
}

TEST(ErrorNames, AnErrorWithoutAMessageIsItsName) {
  EXPECT_EQ(failure("com.example.Odd", "").message(), "com.example.Odd");
}

}  // namespace
}  // namespace ambit::dbus
