#include "engine/service_context.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace ambit::engine {
namespace {

using Strings = std::vector<std::string>;

ServiceContext sockets(int count, Strings names) {
  ServiceContext context;
  for (int i = 0; i < count; ++i) context.listen_fds.emplace_back(::dup(0));
  context.listen_names = std::move(names);
  return context;
}

Strings environment_with(const ServiceContext& context, spec::ContainerOptions options = {}) {
  spec::ContainerRecord record;
  record.options = std::move(options);
  spec::RuntimeSpec spec;
  spec.process.env = {"LISTEN_FDS=9", "LISTEN_FDSX=1", "A=b"};
  add_service_context(context, record, "/run/c", spec);
  EXPECT_EQ(spec.mounts.size(), record.options.notify == spec::NotifyMode::Container ? 1U : 0U);
  return spec.process.env;
}

TEST(ServiceContextTest, SocketsAreToldToTheCommandInPlaceOfWhatTheImageSays) {
  EXPECT_EQ(
      environment_with(sockets(2, {"a", "b"})),
      (Strings{"LISTEN_FDSX=1", "A=b", "LISTEN_FDS=2", "LISTEN_PID=1", "LISTEN_FDNAMES=a:b"}));
}

TEST(ServiceContextTest, BelowAnInitTheCommandIsTheSecondProcess) {
  const Strings environment = environment_with(sockets(1, {}), {.init = true});
  EXPECT_NE(std::find(environment.begin(), environment.end(), "LISTEN_PID=2"), environment.end());
}

TEST(ServiceContextTest, ASocketForNotificationsIsForWhoAskedForIt) {
  ServiceContext context;
  context.watchdog_usec = 7;
  EXPECT_EQ(environment_with(context), (Strings{"LISTEN_FDS=9", "LISTEN_FDSX=1", "A=b"}));
  EXPECT_EQ(environment_with(context, {.notify = spec::NotifyMode::Container}),
            (Strings{"LISTEN_FDS=9", "LISTEN_FDSX=1", "A=b", "NOTIFY_SOCKET=/run/host/notify",
                     "WATCHDOG_USEC=7"}));
}

TEST(ServiceContextTest, NamesAreOneForEachSocket) {
  EXPECT_TRUE(check_service_context(sockets(2, {})));
  EXPECT_TRUE(check_service_context(sockets(2, {"a", ""})));
  EXPECT_FALSE(check_service_context(sockets(2, {"a"})));
  EXPECT_FALSE(check_service_context(sockets(1, {"a:b"})));
  EXPECT_FALSE(check_service_context(sockets(static_cast<int>(kMaxListenFds) + 1, {})));
}

}  // namespace
}  // namespace ambit::engine
