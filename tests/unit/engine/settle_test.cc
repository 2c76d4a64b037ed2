#include "engine/settle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"

namespace ambit::engine {
namespace {

spec::ContainerRecord record_with(spec::ContainerOptions options) {
  spec::ContainerRecord record;
  record.id = std::string(64, 'a');
  record.name = "web";
  record.image = "img";
  record.options = std::move(options);
  return record;
}

const spec::ImageConfig kImage{.user = "app",
                               .env = {"PATH=/img/bin", "A=1"},
                               .entrypoint = {"/entry"},
                               .cmd = {"default", "args"},
                               .working_dir = "/srv",
                               .stop_signal = "SIGQUIT"};

bool has(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

TEST(SettleTest, TakesWhatIsNotSetFromTheImage) {
  auto record = record_with({});
  ASSERT_TRUE(settle(record, kImage));
  EXPECT_EQ(record.command, (std::vector<std::string>{"/entry", "default", "args"}));
  EXPECT_EQ(record.working_dir, "/srv");
  EXPECT_EQ(record.user, "app");
  EXPECT_EQ(record.stop_signal, 3);
  EXPECT_EQ(record.options.hostname, "aaaaaaaaaaaa");
}

TEST(SettleTest, CommandReplacesTheImagesCommandOnly) {
  auto record = record_with({.command = {"sh"}});
  ASSERT_TRUE(settle(record, kImage));
  EXPECT_EQ(record.command, (std::vector<std::string>{"/entry", "sh"}));
}

TEST(SettleTest, EntrypointDropsTheImagesCommandToo) {
  auto record = record_with({.entrypoint = std::vector<std::string>{"/bin/ls"}});
  ASSERT_TRUE(settle(record, kImage));
  EXPECT_EQ(record.command, (std::vector<std::string>{"/bin/ls"}));
}

TEST(SettleTest, EmptyEntrypointLeavesTheCommandAlone) {
  auto record = record_with({.command = {"id"}, .entrypoint = std::vector<std::string>{""}});
  ASSERT_TRUE(settle(record, kImage));
  EXPECT_EQ(record.command, (std::vector<std::string>{"id"}));
}

TEST(SettleTest, EnvironmentOfTheUserIsOverTheImagesOverOurs) {
  auto record = record_with({.environment = {"A=2", "B=3"}});
  ASSERT_TRUE(settle(record, kImage));
  EXPECT_TRUE(has(record.environment, "PATH=/img/bin"));
  EXPECT_TRUE(has(record.environment, "A=2"));
  EXPECT_FALSE(has(record.environment, "A=1"));
  EXPECT_TRUE(has(record.environment, "B=3"));
  EXPECT_TRUE(has(record.environment, "container=ambit"));
}

TEST(SettleTest, NoCommandAnywhereIsAnErrorThatNamesTheImage) {
  auto record = record_with({});
  const auto result = settle(record, {});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("img"), std::string::npos);
}

TEST(CheckOptionsTest, NamesTheOptionThatCannotBeMet) {
  const struct {
    spec::ContainerOptions options;
    const char* named;
  } cases[] = {
      {{.network = "bridge"}, "bridge"},
      {{.log_driver = "syslog"}, "syslog"},
      {{.hostname = std::string(65, 'h')}, "host name"},
      {{.working_dir = "relative"}, "relative"},
      {{.mounts = {{.destination = "x", .type = "bind", .source = "/y", .options = {}}}}, "'x'"},
      {{.mounts = {{.destination = "/x", .type = "bind", .source = "y", .options = {}}}}, "'y'"},
      {{.mounts = {{.destination = "/x", .type = "nfs", .source = "/y", .options = {}}}}, "nfs"},
      {{.security_options = {"label=disable"}}, "label=disable"},
      {{.environment = {"NOVALUE"}}, "NOVALUE"},
      {{.environment = {"=x"}}, "=x"},
  };
  for (const auto& c : cases) {
    const auto result = check_options(c.options);
    ASSERT_FALSE(result) << c.named;
    EXPECT_NE(result.error().message().find(c.named), std::string::npos)
        << result.error().message();
  }
  EXPECT_TRUE(check_options({}));
}

TEST(MadeUpNameTest, IsAValidName) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_valid_name(made_up_name()));
}

TEST(SettleTest, RuntimeMaxSecAsAPropertyIsTheTimeout) {
  spec::ContainerRecord record;
  record.id = std::string(64, 'a');
  record.options.command = {"true"};
  record.options.limits.properties = {"MemoryMax=64M", "RuntimeMaxSec=5min"};
  ASSERT_TRUE(settle(record, {}));
  EXPECT_EQ(record.options.runtime_max_usec, 300'000'000U);
  EXPECT_EQ(record.options.limits.properties, std::vector<std::string>{"MemoryMax=67108864"});
}

}  // namespace
}  // namespace ambit::engine
