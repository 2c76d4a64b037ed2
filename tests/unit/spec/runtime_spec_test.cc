#include "spec/runtime_spec.h"

#include <gtest/gtest.h>

namespace ambit::spec {
namespace {

RuntimeSpec full_spec() {
  RuntimeSpec spec;
  spec.root_path = "/srv/root";
  spec.root_readonly = true;
  spec.process.args = {"sh", "-c", "echo \"hi\"\n"};
  spec.process.env = {"PATH=/bin", "EMPTY=", "UMLAUT=\xc3\xa4"};
  spec.process.cwd = "/work";
  spec.process.terminal = true;
  spec.process.console_size = ConsoleSize{.rows = 24, .columns = 132};
  spec.process.user = {.uid = 1000, .gid = 100, .additional_gids = {5, 4294967294}, .umask = 027};
  spec.process.capabilities.bounding = {"CAP_CHOWN"};
  spec.process.capabilities.ambient = {"CAP_KILL"};
  spec.process.rlimits = {{.type = "RLIMIT_NOFILE", .hard = ~0ULL, .soft = 1024}};
  spec.process.no_new_privileges = false;
  spec.process.oom_score_adj = -17;
  spec.hostname = "web";
  spec.mounts = {{"/proc", "proc", "proc", {}}, {"/m", "bind", "/src", {"rbind", "ro"}}};
  spec.namespaces = {{NamespaceType::User, ""}, {NamespaceType::Network, "/run/ns"}};
  spec.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 1}};
  spec.gid_mappings = {{.container_id = 1, .host_id = 100000, .size = 4294967294}};
  spec.sysctl = {{"net.ipv4.ip_forward", "1"}};
  spec.masked_paths = {"/proc/kcore"};
  spec.readonly_paths = {"/proc/sys"};
  spec.rootfs_propagation = "rslave";
  spec.annotations = {{"a", "b"}};
  spec.ambit.overlay = Overlay{.lower = {"/l/2", "/l/1"}, .upper = "/u", .work = "/w"};
  spec.ambit.user = "www:www";
  spec.ambit.init = true;
  return spec;
}

std::string failure_of(std::string_view json) {
  auto spec = parse_runtime_spec(json);
  if (spec) return "";
  EXPECT_EQ(spec.error().code(), ErrorCode::Corrupt);
  return spec.error().message();
}

TEST(RuntimeSpecTest, EveryMemberSurvivesWritingAndParsing) {
  const std::string json = write_runtime_spec(full_spec());
  auto spec = parse_runtime_spec(json);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(write_runtime_spec(*spec), json);
  EXPECT_EQ(spec->root_path, "/srv/root");
  EXPECT_TRUE(spec->root_readonly);
  EXPECT_EQ(spec->process.args, full_spec().process.args);
  EXPECT_EQ(spec->process.env, full_spec().process.env);
  EXPECT_EQ(spec->process.console_size->columns, 132);
  EXPECT_EQ(spec->process.user.additional_gids.at(1), 4294967294U);
  EXPECT_EQ(spec->process.user.umask, 027U);
  EXPECT_EQ(spec->process.rlimits.at(0).hard, ~0ULL);
  EXPECT_EQ(spec->process.oom_score_adj, -17);
  EXPECT_EQ(spec->mounts.at(1).options.at(1), "ro");
  EXPECT_EQ(spec->namespaces.at(1).path, "/run/ns");
  EXPECT_EQ(spec->gid_mappings.at(0).size, 4294967294U);
  EXPECT_EQ(spec->ambit.overlay->lower.at(1), "/l/1");
  EXPECT_EQ(spec->ambit.user, "www:www");
  EXPECT_TRUE(spec->ambit.init);
}

TEST(RuntimeSpecTest, UnknownMembersAreIgnored) {
  auto spec = parse_runtime_spec(
      R"({"ociVersion":"1.2.0","x":1,"process":{"args":["a"],"y":[]},"linux":{"z":{}}})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->process.args, std::vector<std::string>{"a"});
  EXPECT_EQ(spec->process.cwd, "/");
  EXPECT_FALSE(spec->process.no_new_privileges);
  EXPECT_FALSE(spec->ambit.overlay);
}

TEST(RuntimeSpecTest, AMemberOfTheWrongTypeIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"process":{"args":[1]}})", "'args'"},
      {R"({"process":{"terminal":"yes"}})", "'terminal'"},
      {R"({"process":{"user":{"uid":4294967296}}})", "'uid'"},
      {R"({"process":{"user":{"uid":-1}}})", "'uid'"},
      {R"({"process":{"oomScoreAdj":1.5}})", "'oomScoreAdj'"},
      {R"({"process":{"env":["A=\u0000"]}})", "'env'"},
      {R"({"root":[]})", "'path'"},
      {R"({"mounts":{}})", "'mounts'"},
      {R"({"linux":{"namespaces":[{"type":"utz"}]}})", "'namespaces'"},
      {R"({"linux":{"sysctl":{"a":1}}})", "'sysctl'"},
      {"[]", "not a JSON object"},
      {"{", "not JSON"},
  };
  for (const auto& [json, part] : cases)
    EXPECT_NE(failure_of(json).find(part), std::string::npos) << json << ": " << failure_of(json);
}

}  // namespace
}  // namespace ambit::spec
