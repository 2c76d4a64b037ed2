#include "engine/systemd_inside.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

// When a container's command counts as systemd, and what it gets then.
namespace ambit::engine {
namespace {

namespace fs = std::filesystem;

class SystemdInsideTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/ambit-systemd-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    for (const char* layer : {"top", "base"}) fs::create_directories(folder_ + "/" + layer);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void file(const std::string& path) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path) << "x";
  }
  void link(const std::string& path, const std::string& target) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    fs::create_symlink(target, folder_ + "/" + path);
  }
  bool counts(const std::string& command) const {
    return is_systemd(command, {folder_ + "/top", folder_ + "/base"});
  }

  std::string folder_;
};

TEST_F(SystemdInsideTest, ACommandOfThatNameIsSystemd) {
  EXPECT_TRUE(counts("systemd"));
  EXPECT_TRUE(counts("/usr/lib/systemd/systemd"));
  EXPECT_FALSE(counts("/usr/bin/systemd-run"));
  EXPECT_FALSE(counts("sh"));
}

TEST_F(SystemdInsideTest, AnInitIsWhereItLeadsToSystemdAcrossTheLayers) {
  EXPECT_FALSE(counts("/sbin/init"));
  link("top/sbin/init", "../lib/systemd/systemd");
  EXPECT_FALSE(counts("/sbin/init"));
  file("base/lib/systemd/systemd");
  EXPECT_TRUE(counts("/sbin/init"));
  EXPECT_TRUE(counts("init"));
  EXPECT_FALSE(counts("bin/init"));
}

TEST_F(SystemdInsideTest, AnInitOfItsOwnIsNone) {
  file("base/sbin/init");
  EXPECT_FALSE(counts("/sbin/init"));
}

TEST_F(SystemdInsideTest, LinksThatLeadOutOrInCirclesAreNone) {
  link("top/sbin/init", "/a");
  link("top/a", "b");
  link("top/b", "a");
  EXPECT_FALSE(counts("/sbin/init"));
  fs::remove(folder_ + "/top/sbin/init");
  // Of the image's root, not of the host's.
  link("top/sbin/init", "../../../../../../../usr/lib/systemd/systemd");
  EXPECT_FALSE(counts("/sbin/init"));
  file("base/usr/lib/systemd/systemd");
  EXPECT_TRUE(counts("/sbin/init"));
}

spec::ContainerRecord record() {
  spec::ContainerRecord record;
  record.id = std::string(64, 'a');
  record.command = {"/sbin/init"};
  return record;
}

TEST(SystemdSettleTest, ItIsHaltedInItsOwnTimeUnlessSomebodySaysOtherwise) {
  spec::ContainerRecord plain = record();
  settle_systemd(plain, {});
  EXPECT_TRUE(plain.systemd.active);
  EXPECT_TRUE(plain.systemd.console);
  EXPECT_EQ(plain.stop_signal, 37);
  EXPECT_EQ(plain.stop_timeout_usec, 90'000'000u);
  EXPECT_EQ(plain.environment,
            (std::vector<std::string>{"container_uuid=" + std::string(32, 'a'), "TERM=dumb"}));

  spec::ContainerRecord wished = record();
  wished.options.stop_signal = "TERM";
  wished.options.stop_timeout_usec = 5;
  wished.options.terminal = true;
  wished.stop_signal = 15;
  wished.stop_timeout_usec = 5;
  wished.environment = {"container_uuid=x"};
  settle_systemd(wished, {});
  EXPECT_FALSE(wished.systemd.console);
  EXPECT_EQ(wished.stop_signal, 15);
  EXPECT_EQ(wished.stop_timeout_usec, 5u);
  EXPECT_EQ(wished.environment, std::vector<std::string>{"container_uuid=x"});

  spec::ContainerRecord of_image = record();
  settle_systemd(of_image, {.stop_signal = "SIGTERM"});
  EXPECT_EQ(of_image.stop_signal, 15);
}

const spec::Mount* mount_at(const spec::RuntimeSpec& spec, const std::string& destination) {
  for (const spec::Mount& mount : spec.mounts)
    if (mount.destination == destination) return &mount;
  return nullptr;
}

TEST(SystemdMountsTest, ItsCgroupsAreWritableAndItsVolatileFoldersNew) {
  spec::RuntimeSpec spec;
  spec.mounts = {{"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid"}}};
  spec::ContainerRecord inside = record();
  add_systemd_mounts(spec, inside, "/data");
  EXPECT_EQ(spec.mounts.size(), 1u);
  inside.systemd.active = true;
  inside.options.mounts = {{.destination = "/tmp", .type = "bind", .source = "/t", .options = {}}};
  add_systemd_mounts(spec, inside, "/data");
  EXPECT_EQ(mount_at(spec, "/sys/fs/cgroup")->options, (std::vector<std::string>{"rw", "nosuid"}));
  for (const char* folder : {"/run", "/run/lock", "/var/log/journal"})
    ASSERT_NE(mount_at(spec, folder), nullptr) << folder;
  EXPECT_EQ(mount_at(spec, "/tmp"), nullptr);
  ASSERT_NE(mount_at(spec, "/run/host"), nullptr);
  EXPECT_EQ(mount_at(spec, "/run/host")->source, "/data/run-host");
}

TEST(SystemdCapabilitiesTest, ItMayRebootItselfUnlessThatIsDropped) {
  spec::ContainerRecord inside = record();
  EXPECT_TRUE(systemd_capabilities(inside).empty());
  inside.systemd.active = true;
  EXPECT_EQ(systemd_capabilities(inside), std::vector<std::string>{"CAP_SYS_BOOT"});
  for (const char* dropped : {"ALL", "CAP_SYS_BOOT", "sys_boot"}) {
    inside.options.capabilities_drop = {dropped};
    EXPECT_TRUE(systemd_capabilities(inside).empty()) << dropped;
  }
}

TEST(SystemdOptionTest, SaysWhatItMayBe) {
  for (const char* value : {"true", "false", "always"})
    EXPECT_TRUE(check_systemd_option({.systemd = value}));
  EXPECT_EQ(check_systemd_option({.systemd = "yes"}).error().code(), ErrorCode::InvalidArgument);
  EXPECT_FALSE(check_systemd_option({.init = true, .systemd = "always"}));
  EXPECT_TRUE(check_systemd_option({.init = true}));
}

}  // namespace
}  // namespace ambit::engine
