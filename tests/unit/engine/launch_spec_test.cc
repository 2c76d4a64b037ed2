#include "engine/launch_spec.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ambit::engine {
namespace {

spec::ContainerRecord record_with(spec::ContainerOptions options) {
  spec::ContainerRecord record;
  record.id = std::string(64, 'a');
  record.name = "web";
  record.image = "img";
  record.command = {"sh"};
  record.working_dir = "/";
  record.options = std::move(options);
  return record;
}

const spec::Mount* mount_at(const spec::RuntimeSpec& spec, const std::string& destination) {
  const auto found =
      std::find_if(spec.mounts.begin(), spec.mounts.end(),
                   [&](const spec::Mount& mount) { return mount.destination == destination; });
  return found == spec.mounts.end() ? nullptr : &*found;
}

TEST(LaunchSpecTest, ReadOnlyBindsAreSoWithWhatIsMountedBelowThem) {
  const auto spec = make_launch_spec(
      record_with(
          {.mounts = {{.destination = "/d", .type = "bind", .source = "/s", .options = {"ro"}}}}),
      {.layers = {"/l"}}, "/data");
  ASSERT_TRUE(spec);
  const spec::Mount* mount = mount_at(*spec, "/d");
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(mount->options, (std::vector<std::string>{"rro", "rbind", "rprivate"}));
}

TEST(LaunchSpecTest, InnerMountsComeAfterTheOnesAroundThem) {
  const auto spec = make_launch_spec(
      record_with(
          {.mounts = {{.destination = "/a/b", .type = "tmpfs", .source = "", .options = {}},
                      {.destination = "/a", .type = "tmpfs", .source = "", .options = {}}}}),
      {.layers = {"/l"}}, "/data");
  ASSERT_TRUE(spec);
  EXPECT_LT(mount_at(*spec, "/a"), mount_at(*spec, "/a/b"));
}

TEST(LaunchSpecTest, CapabilitiesThatWereAddedReachAUserThatIsNotRoot) {
  auto record = record_with({.capabilities_add = {"NET_BIND_SERVICE"}});
  record.user = "1000";
  const auto spec = make_launch_spec(record, {.layers = {"/l"}}, "/data");
  ASSERT_TRUE(spec);
  EXPECT_EQ((*spec).process.capabilities.ambient,
            (std::vector<std::string>{"CAP_NET_BIND_SERVICE"}));

  record.user = "root";
  const auto as_root = make_launch_spec(record, {.layers = {"/l"}}, "/data");
  ASSERT_TRUE(as_root);
  EXPECT_TRUE((*as_root).process.capabilities.ambient.empty());
}

TEST(LaunchSpecTest, NamesALimitThatCannotBeMet) {
  for (const spec::Ulimit& limit : {spec::Ulimit{.name = "nofiles", .soft = 1, .hard = 2},
                                    spec::Ulimit{.name = "nofile", .soft = 3, .hard = 2}}) {
    const auto spec = make_launch_spec(record_with({.ulimits = {limit}}), {.layers = {"/l"}}, "/d");
    ASSERT_FALSE(spec);
    EXPECT_NE(spec.error().message().find(limit.name), std::string::npos);
  }
}

TEST(LaunchSpecTest, HostNetworkHasNoNetworkNamespaceOfItsOwn) {
  const auto has_network = [](const spec::RuntimeSpec& spec) {
    return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                       [](const auto& ns) { return ns.type == spec::NamespaceType::Network; });
  };
  const auto none = make_launch_spec(record_with({}), {.layers = {"/l"}}, "/d");
  const auto host = make_launch_spec(record_with({.network = "host"}), {.layers = {"/l"}}, "/d");
  ASSERT_TRUE(none && host);
  EXPECT_TRUE(has_network(*none));
  EXPECT_FALSE(has_network(*host));
}

TEST(ImageKindTest, TellsNamesFromPlaces) {
  EXPECT_EQ(image_kind("host:"), ImageKind::Host);
  EXPECT_EQ(image_kind("host:5000/x"), ImageKind::Store);
  EXPECT_EQ(image_kind("rootfs:/srv"), ImageKind::Rootfs);
  EXPECT_EQ(rootfs_path("rootfs:/srv"), "/srv");
}

}  // namespace
}  // namespace ambit::engine
