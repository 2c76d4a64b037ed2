// The values of options: mounts, limits, variables, labels, changes of an image.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "cli/change.h"
#include "cli/create_flags.h"
#include "cli/environment.h"
#include "cli/exit_codes.h"
#include "cli/mount_argument.h"
#include "cli/ulimit.h"

namespace ambit::cli {
namespace {

using Options = std::vector<std::string>;

std::string current_dir() {
  char* path = ::getcwd(nullptr, 0);
  std::string text(path);
  std::free(path);
  return text;
}

TEST(VolumeTest, IsABindMountWithOptions) {
  EXPECT_EQ(*parse_volume("/a:/b"),
            (MountArgument{.type = "bind", .source = "/a", .destination = "/b"}));
  EXPECT_EQ(parse_volume("/a:/b:ro,rslave,nosuid")->options, (Options{"ro", "rslave", "nosuid"}));
}

TEST(VolumeTest, SelinuxLabelsAreAcceptedAndLeftOut) {
  EXPECT_EQ(parse_volume("/a:/b:Z,ro")->options, (Options{"ro"}));
}

TEST(VolumeTest, RelativeSourcesAreMadeAbsolute) {
  EXPECT_EQ(parse_volume("./a:/b")->source, current_dir() + "/./a");
  EXPECT_EQ(parse_volume(".:/b")->source, current_dir() + "/.");
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(parse_volume("~/a:/b")->source, "/home/me/a");
}

TEST(VolumeTest, NamedAndAnonymousVolumesAreToldApartFromMistakes) {
  EXPECT_EQ(parse_volume("data:/b").error().code(), ErrorCode::Unsupported);
  EXPECT_EQ(parse_volume("/b").error().code(), ErrorCode::Unsupported);
}

TEST(VolumeTest, MistakesAreRefusedWithTheText) {
  for (const char* text : {"/a:b", "/a:/", ":/b", "/a:", "/a:/b:ro:rw", "/a:/b:bogus"}) {
    const auto mount = parse_volume(text);
    ASSERT_FALSE(mount) << text;
    EXPECT_EQ(mount.error().code(), ErrorCode::InvalidArgument) << text;
    EXPECT_NE(mount.error().message().find(text), std::string::npos);
  }
}

TEST(MountTest, ReadsTheWordsOfDocker) {
  EXPECT_EQ(*parse_mount("type=bind,source=/a,target=/b,readonly,bind-propagation=rslave"),
            (MountArgument{
                .type = "bind", .source = "/a", .destination = "/b", .options = {"ro", "rslave"}}));
  EXPECT_EQ(
      *parse_mount("src=/a,dst=/b,ro=false"),
      (MountArgument{.type = "bind", .source = "/a", .destination = "/b", .options = {"rw"}}));
  EXPECT_EQ(*parse_mount("type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1777"),
            (MountArgument{.type = "tmpfs",
                           .source = "tmpfs",
                           .destination = "/t",
                           .options = {"size=64m", "mode=1777"}}));
}

TEST(MountTest, QuotedFieldsMayHaveCommas) {
  EXPECT_EQ(parse_mount("type=bind,\"source=/a,b\",target=/c")->source, "/a,b");
}

TEST(MountTest, MistakesAreRefused) {
  for (const char* text :
       {"type=bind,src=/a", "type=bogus,src=/a,dst=/b", "type=tmpfs,src=/a,dst=/b",
        "type=bind,dst=/b", "type=bind,src=/a,dst=/b,size=3", "type=tmpfs,dst=/b,tmpfs-size="})
    EXPECT_FALSE(parse_mount(text)) << text;
  EXPECT_EQ(parse_mount("type=volume,src=v,dst=/b").error().code(), ErrorCode::Unsupported);
}

TEST(TmpfsTest, HasADestinationAndOptions) {
  EXPECT_EQ(*parse_tmpfs("/t:size=1m,noexec"), (MountArgument{.type = "tmpfs",
                                                              .source = "tmpfs",
                                                              .destination = "/t",
                                                              .options = {"size=1m", "noexec"}}));
  EXPECT_FALSE(parse_tmpfs("t"));
  EXPECT_FALSE(parse_tmpfs("/t:bogus=1"));
}

TEST(UlimitTest, HasASoftAndAHardLimit) {
  EXPECT_EQ(*parse_ulimit("nofile=1024"), (Ulimit{.name = "nofile", .soft = 1024, .hard = 1024}));
  EXPECT_EQ(*parse_ulimit("RLIMIT_CORE=0:unlimited"),
            (Ulimit{.name = "core", .soft = 0, .hard = kUnlimited}));
  EXPECT_EQ(*parse_ulimit("nproc=-1"),
            (Ulimit{.name = "nproc", .soft = kUnlimited, .hard = kUnlimited}));
}

TEST(UlimitTest, MistakesAreRefused) {
  for (const char* text : {"nofile", "bogus=1", "nofile=", "nofile=2:1", "nofile=1:2:3", "nofile=x",
                           "nofile=unlimited:5"})
    EXPECT_FALSE(parse_ulimit(text)) << text;
}

TEST(EnvironmentTest, AKeyAloneTakesTheCallersValue) {
  ::setenv("AMBIT_TEST_SET", "x=y", 1);
  ::unsetenv("AMBIT_TEST_UNSET");
  Options all;
  ASSERT_TRUE(add_environment("A=1", all));
  ASSERT_TRUE(add_environment("AMBIT_TEST_SET", all));
  ASSERT_TRUE(add_environment("AMBIT_TEST_UNSET", all));
  ASSERT_TRUE(add_environment("EMPTY=", all));
  EXPECT_EQ(all, (Options{"A=1", "AMBIT_TEST_SET=x=y", "EMPTY="}));
  EXPECT_FALSE(add_environment("=x", all));
  EXPECT_FALSE(add_environment("", all));
}

TEST(EnvironmentTest, AFileHasCommentsAndValuesAsTheyAre) {
  const std::string path = testing::TempDir() + "ambit-env-" + std::to_string(::getpid());
  ::setenv("AMBIT_TEST_SET", "caller", 1);
  std::ofstream(path) << "# comment\n\n A=\"quoted\" # kept\nB=x y \r\nAMBIT_TEST_SET\n";
  Options all;
  ASSERT_TRUE(add_environment_file(path, all));
  EXPECT_EQ(all, (Options{"A=\"quoted\" # kept", "B=x y ", "AMBIT_TEST_SET=caller"}));

  std::ofstream(path) << "A=1\n=2\n";
  const auto wrong = add_environment_file(path, all);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find(path + ":2"), std::string::npos);
  ::unlink(path.c_str());
  EXPECT_FALSE(add_environment_file(path, all));
}

TEST(LabelTest, AKeyAloneHasAnEmptyValue) {
  std::map<std::string, std::string> labels;
  ASSERT_TRUE(add_label("a=b=c", labels));
  ASSERT_TRUE(add_label("d", labels));
  EXPECT_EQ(labels, (std::map<std::string, std::string>{{"a", "b=c"}, {"d", ""}}));
  EXPECT_FALSE(add_label("=x", labels));
}

TEST(EntrypointTest, IsAProgramOrAListOrNothing) {
  EXPECT_EQ(*parse_entrypoint(""), Options());
  EXPECT_EQ(*parse_entrypoint("/bin/x y"), (Options{"/bin/x y"}));
  EXPECT_EQ(*parse_entrypoint(R"(["a", "b c"])"), (Options{"a", "b c"}));
  for (const char* text : {"[", "[1]", R"(["a")"}) EXPECT_FALSE(parse_entrypoint(text)) << text;
}

TEST(ChangeTest, ReadsInstructionsOfAContainerfile) {
  ImageChanges changes;
  for (const char* text : {"CMD [\"sleep\", \"1\"]", "entrypoint echo hi", "ENV A=\"b c\"",
                           "ENV D e", "LABEL x=y", "WORKDIR /w", "USER 1:2", "STOPSIGNAL SIGINT"})
    ASSERT_TRUE(apply_change(text, changes)) << text;
  EXPECT_EQ(changes.command, (Options{"sleep", "1"}));
  EXPECT_EQ(changes.entrypoint, (Options{"/bin/sh", "-c", "echo hi"}));
  EXPECT_EQ(changes.environment, (Options{"A=b c", "D=e"}));
  EXPECT_EQ(changes.labels.at("x"), "y");
  EXPECT_EQ(changes.workdir, "/w");
  EXPECT_EQ(changes.user, "1:2");
  EXPECT_EQ(changes.stop_signal, "SIGINT");
  for (const char* text : {"RUN x", "", "ENV", "CMD [", "STOPSIGNAL bogus"})
    EXPECT_FALSE(apply_change(text, changes)) << text;
}

TEST(CreateOptionsTest, RefusesWhatIsNoChoice) {
  EXPECT_EQ(create_options({.pull = "sometimes"}).error().code(), ErrorCode::InvalidArgument);
  for (const char* when : {"missing", "always", "newer", "never"})
    EXPECT_TRUE(create_options({.pull = when})) << when;
  EXPECT_FALSE(create_options({.stop_signal = "bogus"}));
  EXPECT_FALSE(create_options({.stop_timeout = "soon"}));
}

TEST(CreateOptionsTest, RefusesTextThatDBusCannotCarry) {
  EXPECT_FALSE(create_options({.environment = {"A=\xff"}}));
}

TEST(ExitCodeTest, TellsOurFailuresFromTheCommands) {
  EXPECT_EQ(exit_code(ErrorCode::CommandNotFound), 127);
  EXPECT_EQ(exit_code(ErrorCode::CommandNotExecutable), 126);
  EXPECT_EQ(exit_code(ErrorCode::NoSuchImage), 125);
  EXPECT_EQ(removal_exit_code(ErrorCode::NoSuchContainer), 1);
  EXPECT_EQ(removal_exit_code(ErrorCode::AlreadyRunning), 2);
  EXPECT_EQ(removal_exit_code(ErrorCode::Busy), 2);
  EXPECT_EQ(removal_exit_code(ErrorCode::Io), 125);
}

}  // namespace
}  // namespace ambit::cli
