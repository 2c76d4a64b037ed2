// What the sandbox decides before it asks the kernel: capabilities, id maps, mount options.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "sandbox/capabilities.h"
#include "sandbox/default_spec.h"
#include "sandbox/id_map.h"
#include "sandbox/mount_options.h"
#include "sandbox/subordinate_ids.h"

namespace ambit::sandbox {
namespace {

using Names = std::vector<std::string>;

TEST(CapabilityOptionsTest, AddAndDropWorkOnTheDefaultSet) {
  const auto options = [](const Names& add, const Names& drop) {
    auto result = apply_capability_options(add, drop);
    return result ? *result : Names{result.error().message()};
  };
  EXPECT_EQ(options({}, {}), default_capabilities());
  EXPECT_EQ(options({"net_admin"}, {"ALL"}), Names{"CAP_NET_ADMIN"});
  EXPECT_EQ(options({}, {"all"}), Names{});
  EXPECT_EQ(options({"ALL"}, {}).size(), 41U);
  EXPECT_EQ(options({"ALL"}, {"CAP_SYS_ADMIN"}).size(), 40U);
  EXPECT_EQ(options({}, {"CHOWN", "cap_kill"}).size(), default_capabilities().size() - 2);
  EXPECT_EQ(options({"FLY"}, {}), Names{"no such capability: 'FLY'"});
}

TEST(CapabilityOptionsTest, NumbersAreTheKernels) {
  EXPECT_EQ(*parse_capability("CAP_CHOWN"), 0);
  EXPECT_EQ(*parse_capability("sys_admin"), 21);
  EXPECT_EQ(*parse_capability("CHECKPOINT_RESTORE"), 40);
}

std::string map_text(const Result<std::vector<os::IdExtent>>& map) {
  return map ? os::format_id_map(*map) : map.error().message();
}

TEST(IdMapTest, IdentityRepeatsTheExtents) {
  EXPECT_EQ(map_text(split_mappings({}, {{0, 1000, 1}, {1, 100000, 65536}})), "0 0 1\n1 1 65536\n");
}

TEST(IdMapTest, MappingAcrossExtentsIsSplit) {
  EXPECT_EQ(map_text(split_mappings({{5, 0, 10}}, {{0, 1000, 1}, {1, 100000, 65536}})),
            "5 0 1\n6 1 9\n");
  EXPECT_EQ(map_text(split_mappings({{0, 2, 2}}, {{0, 1000, 1}})),
            "id mapping 0:2:2: the id 2 is not one of ours");
}

TEST(IdMapTest, MappingBeyondTheLastIdIsRefused) {
  const std::vector<os::IdExtent> held = {{0, 0, 4294967295}};
  EXPECT_EQ(map_text(split_mappings({{4294967290, 0, 5}}, held)), "4294967290 0 5\n");
  EXPECT_EQ(map_text(split_mappings({{4294967290, 0, 6}}, held)),
            "id mapping 4294967290:0:6: it goes beyond the last id, 4294967294");
}

TEST(SubordinateIdsTest, LinesByNameAndNumberCountInOrder) {
  const auto ranges = parse_subordinate_ids(
      "other:1:5\nme:100000:65536\n1000:300000:10\nme:x:1\nme:5\nme:4294967295:1\nme:7:0\n", "me",
      1000);
  EXPECT_EQ(describe(ranges), "100000:65536, 300000:10");
}

TEST(SubordinateIdsTest, IdsThatTheNamespaceLacksAreLeftOut) {
  EXPECT_EQ(describe(held_ranges({{100000, 65536}}, {{0, 100000, 65536}})), "");
  EXPECT_EQ(describe(held_ranges({{60000, 10000}}, {{0, 100000, 65536}})), "60000:5536");
  EXPECT_EQ(describe(held_ranges({{100000, 65536}}, {{0, 0, 4294967295}})), "100000:65536");
}

TEST(SubordinateIdsTest, RangesFollowTheUser) {
  EXPECT_EQ(os::format_id_map(base_extents(1000, {{100000, 65536}, {300000, 10}})),
            "0 1000 1\n1 100000 65536\n65537 300000 10\n");
  EXPECT_EQ(os::format_id_map(base_extents(1000, {})), "0 1000 1\n");
}

TEST(MountOptionsTest, LaterOptionsWin) {
  const auto plan = plan_mount({"/m", "bind", "/s", {"rbind", "ro", "noexec", "rw", "rnosuid"}});
  ASSERT_TRUE(plan);
  EXPECT_EQ((*plan).attributes.set, std::uint64_t{MOUNT_ATTR_NOEXEC});
  EXPECT_EQ((*plan).attributes.clear, std::uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_EQ((*plan).tree_attributes.set, std::uint64_t{MOUNT_ATTR_NOSUID});
  EXPECT_EQ((*plan).depth, os::Depth::Recursive);
}

TEST(MountOptionsTest, MistakesAreNamed) {
  const auto message = [](const spec::Mount& mount) {
    const auto plan = plan_mount(mount);
    return plan ? "" : plan.error().message();
  };
  EXPECT_EQ(message({"/m", "bind", "/s", {"rbind", "rdonly"}}),
            "mount /m: unknown option 'rdonly'");
  EXPECT_EQ(message({"m", "bind", "/s", {}}), "mount m: the destination is not an absolute path");
  EXPECT_EQ(message({"/m", "bind", "", {}}), "mount /m: bind mount without a source");
  EXPECT_EQ(message({"/m", "overlay", "", {}}), "mount /m: overlay without lowerdir");
}

TEST(DefaultSpecTest, AMountOfEveryDefaultIsUnderstood) {
  for (const NetworkMode network : {NetworkMode::None, NetworkMode::Host})
    EXPECT_TRUE(plan_mounts(default_spec({.network = network}).mounts));
}

}  // namespace
}  // namespace ambit::sandbox
