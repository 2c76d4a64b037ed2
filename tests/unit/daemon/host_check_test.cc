#include "engine/host_check.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <vector>

#include "base/paths.h"

namespace ambit::engine {
namespace {

// All checks once: the slow ones wait seconds where there is no journal.
class HostCheckTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    checks = check_host(paths());
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

  static Paths paths() {
    return {.data = folder + "/data", .runtime = folder + "/run", .config = folder + "/config"};
  }

  static std::string folder;
  static std::vector<HostCheck> checks;
};

std::string HostCheckTest::folder = testing::TempDir() + "host_check_XXXXXX";
std::vector<HostCheck> HostCheckTest::checks;

TEST_F(HostCheckTest, StatesComeBackFromTheirNames) {
  for (const CheckState state : {CheckState::Ok, CheckState::Warning, CheckState::Missing})
    EXPECT_EQ(*parse_check_state(to_string(state)), state);
  EXPECT_FALSE(parse_check_state("fine"));
}

TEST_F(HostCheckTest, EveryCheckHasANameOfItsOwnADetailAndADocument) {
  std::set<std::string> names;
  for (const HostCheck& check : checks) {
    EXPECT_TRUE(names.insert(check.name).second) << check.name;
    EXPECT_FALSE(check.detail.empty()) << check.name;
    EXPECT_FALSE(check.documentation.empty()) << check.name;
    EXPECT_TRUE(check.state != CheckState::Missing || !check.fix.empty()) << check.name;
  }
  EXPECT_GE(names.size(), 10U);
}

TEST_F(HostCheckTest, NothingIsLeftInTheStore) {
  EXPECT_TRUE(std::filesystem::is_empty(paths().data));
}

TEST_F(HostCheckTest, FeaturesAreChecksThatAreOk) {
  std::set<std::string> fine;
  for (const HostCheck& check : checks)
    if (check.state == CheckState::Ok) fine.insert(check.name);
  for (const std::string& name : host_features(paths())) EXPECT_EQ(fine.count(name), 1U) << name;
}

TEST_F(HostCheckTest, WithoutAStoreThereIsNoOverlay) {
  Paths bad = paths();
  bad.data = "/proc/ambit";
  for (const std::string& name : host_features(bad)) EXPECT_NE(name, "overlay");
}

}  // namespace
}  // namespace ambit::engine
