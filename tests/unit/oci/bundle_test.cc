#include "oci/bundle.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "oci/environment.h"

namespace ambit::oci {
namespace {

class BundleTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/ambit-bundle-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Bundle> load(const std::string& config) {
    std::ofstream(folder_ + "/config.json") << config;
    return load_bundle(folder_);
  }

  std::string folder_;
};

TEST_F(BundleTest, RelativePathsAreBelowTheBundle) {
  const auto bundle = load(R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "mounts": [
      {"destination": "a", "type": "bind", "source": "data"},
      {"destination": "/b", "source": "more", "options": ["rbind"], "type": "none"},
      {"destination": "/c", "type": "tmpfs", "source": "tmpfs"}]})");
  ASSERT_TRUE(bundle) << bundle.error().message();
  const spec::RuntimeSpec& spec = (*bundle).spec;
  EXPECT_EQ(spec.root_path, folder_ + "/rootfs");
  EXPECT_EQ(spec.mounts[0].source, folder_ + "/data");
  EXPECT_EQ(spec.mounts[0].destination, "/a");
  EXPECT_EQ(spec.mounts[1].source, folder_ + "/more");
  EXPECT_EQ(spec.mounts[2].source, "tmpfs");
}

TEST_F(BundleTest, AnOrdinaryUsersContainerGetsAUserNamespace) {
  const auto bundle = load(R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"}})");
  ASSERT_TRUE(bundle);
  const bool has_userns = !(*bundle).spec.namespaces.empty();
  EXPECT_EQ(has_userns, ::geteuid() != 0);
  EXPECT_EQ((*bundle).spec.uid_mappings.empty(), ::geteuid() == 0);
}

TEST_F(BundleTest, OtherVersionsOfTheSpecificationAreRefused) {
  for (const char* version : {"", "0.5.0", "2.0.0", "10.0.0"}) {
    const auto bundle =
        load(R"({"ociVersion": ")" + std::string(version) + R"(", "root": {"path": "rootfs"}})");
    ASSERT_FALSE(bundle) << version;
    EXPECT_EQ(bundle.error().code(), ErrorCode::Unsupported);
  }
}

TEST_F(BundleTest, AMissingFileIsNamed) {
  const auto bundle = load_bundle(folder_);
  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().message().find(folder_ + "/config.json"), std::string::npos);
}

TEST(OciEnvironmentTest, AVariableTakesThePlaceOfTheOldOne) {
  std::vector<std::string> env = {"A=1", "AB=2"};
  set_variable(env, "A=3");
  set_variable(env, "B=4");
  EXPECT_EQ(env, (std::vector<std::string>{"A=3", "AB=2", "B=4"}));
}

TEST(OciEnvironmentTest, ListeningSocketsArePassedOn) {
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "a:b", 1);
  spec::ProcessSpec process;
  EXPECT_EQ(*pass_sockets_on(process), 2);
  EXPECT_EQ(process.env,
            (std::vector<std::string>{"LISTEN_FDS=2", "LISTEN_PID=1", "LISTEN_FDNAMES=a:b"}));
  ::setenv("LISTEN_FDS", "many", 1);
  EXPECT_FALSE(pass_sockets_on(process));
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  EXPECT_EQ(*pass_sockets_on(process), 0);
}

}  // namespace
}  // namespace ambit::oci
