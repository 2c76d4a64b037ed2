#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "container_fixture.h"
#include "os/mount.h"
#include "os/namespace.h"
#include "sandbox/overlay.h"

namespace ambit::sandbox {
namespace {

namespace fs = std::filesystem;
using MountsTest = ContainerTest;

void write_file(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

TEST_F(MountsTest, BindOfAFolderShowsItsFilesAndTakesWrites) {
  const fs::path source = make_dir("source");
  write_file(source / "file", "hi");
  mount_at("/data/deep") = {"/data/deep", "bind", source.string(), {"rbind", "rw"}};
  EXPECT_EQ(sh("cat /data/deep/file; echo new > /data/deep/new"), "hi");
  EXPECT_TRUE(fs::exists(source / "new"));
}

TEST_F(MountsTest, ReadOnlyBindRejectsWrites) {
  mount_at("/data") = {"/data", "bind", make_dir("source").string(), {"rbind", "rro"}};
  EXPECT_NE(sh("touch /data/x").find("Read-only file system"), std::string::npos);
}

TEST_F(MountsTest, BindOfAFileMakesAFileAsItsTarget) {
  const fs::path source = make_dir("source") / "hosts";
  write_file(source, "127.0.0.1 box\n");
  mount_at("/etc/hosts") = {"/etc/hosts", "bind", source.string(), {"bind", "ro"}};
  EXPECT_EQ(sh("cat /etc/hosts"), "127.0.0.1 box\n");
  EXPECT_NE(sh("echo x > /etc/hosts").find("Read-only file system"), std::string::npos);
}

TEST_F(MountsTest, MissingSourceIsNotFoundAndNamed) {
  const std::string source = (dir_ / "nowhere").string();
  mount_at("/data") = {"/data", "bind", source, {"rbind"}};
  const Outcome outcome = run({"true"});
  EXPECT_FALSE(outcome.executed);
  EXPECT_EQ(outcome.error.code(), ErrorCode::NotFound);
  EXPECT_EQ(outcome.error.message(),
            "mount /data: open_tree " + source + ": No such file or directory");
}

TEST_F(MountsTest, KindOfSourceAndTargetMustAgree) {
  mount_at("/etc/passwd") = {"/etc/passwd", "bind", make_dir("source").string(), {"rbind"}};
  EXPECT_EQ(sh("true"),
            "error: mount /etc/passwd: the source is a folder, and the container has a file there");
}

// The image has a link where the mount is to go. Followed on the host, it would lead out.
TEST_F(MountsTest, LinkInTheImageIsFollowedInsideTheRoot) {
  const fs::path outside = make_dir("outside");
  fs::create_directory(outside / "sub");
  fs::create_directory_symlink(outside, root_ / "data");
  fs::create_directories(root_ / outside.relative_path());
  fs::create_directory_symlink("../../../../..", root_ / "up");
  write_file(make_dir("source") / "file", "hi");
  mount_at("/data/sub") = {"/data/sub", "bind", (dir_ / "source").string(), {"rbind"}};
  mount_at("/up/top") = {"/up/top", "bind", (dir_ / "source").string(), {"rbind"}};
  EXPECT_EQ(sh("cat " + outside.string() + "/sub/file /top/file"), "hihi");
  EXPECT_TRUE(fs::is_empty(outside / "sub"));
}

TEST_F(MountsTest, PlacesThatProgramsTrustAreRefused) {
  const std::string source = make_dir("source").string();
  write_file(dir_ / "file", "");
  fs::create_directory_symlink("proc", root_ / "link-to-proc");
  fs::create_directory_symlink("/", root_ / "link-to-root");
  struct Case {
    const char* target;
    std::string source;
  };
  const Case cases[] = {
      {"/", source},
      {"/.", source},
      {"/work/..", source},
      {"/link-to-root", source},
      {"/proc", source},
      {"/proc/", source},
      {"/link-to-proc", source},
      {"/proc/self", source},
      {"/proc/sys", source},
      {"/proc/self/attr", source},
      {"/proc/version", (dir_ / "file").string()},
      {"/sys", source},
      {"/sys/fs", source},
      {"/sys/fs/cgroup", source},
      // A tmpfs there is the caller's own wish, and the temporary folder may be one.
      {"/dev", "/proc"},
  };
  for (const Case& item : cases) {
    const auto saved = spec_.mounts;
    spec_.mounts.push_back({item.target, "bind", item.source, {"rbind"}});
    const Outcome outcome = run({"true"});
    EXPECT_FALSE(outcome.executed) << item.target;
    EXPECT_EQ(outcome.error.code(), ErrorCode::PermissionDenied)
        << item.target << ": " << outcome.error.message();
    spec_.mounts = saved;
  }
}

TEST_F(MountsTest, TmpfsOnProcIsRefused) {
  mount_at("/proc") = {"/proc", "tmpfs", "tmpfs", {}};
  EXPECT_EQ(run({"true"}).error.code(), ErrorCode::PermissionDenied);
}

TEST_F(MountsTest, ResourceFilesOfProcMayBeReplaced) {
  write_file(dir_ / "file", "1.00 1.00\n");
  mount_at("/proc/uptime") = {"/proc/uptime", "bind", (dir_ / "file").string(), {"bind"}};
  EXPECT_EQ(sh("cat /proc/uptime"), "1.00 1.00\n");
}

TEST_F(MountsTest, TmpfsHasItsSizeModeAndOwner) {
  mount_at("/cache") = {"/cache", "tmpfs", "tmpfs", {"size=64k", "mode=1750", "noexec"}};
  EXPECT_EQ(sh("stat -c %a /cache; grep ' /cache ' /proc/self/mountinfo | grep -c noexec"),
            "1750\n1\n");
  EXPECT_NE(sh("dd if=/dev/zero of=/cache/x bs=1k count=65 2>&1").find("No space left"),
            std::string::npos);
}

// The user's file systems are often mounted nosuid,nodev,noexec, and what a user namespace got from
// outside it may not take away. A start that tries fails with EPERM.
TEST_F(MountsTest, LockedFlagsOfTheSourceAreKept) {
  const fs::path source = make_dir("source");
  const auto result = in_monitor([&]() -> Result<std::string> {
    AMBIT_TRY(os::unshare(CLONE_NEWNS, "mount namespace"));
    if (::mount("tmpfs", source.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0)
      return Error::from_errno(errno, "mount");
    spec::RuntimeSpec spec = spec_;
    spec.mounts.push_back({"/rw", "bind", source.string(), {"rbind", "rw"}});
    spec.mounts.push_back({"/ro", "bind", source.string(), {"rbind", "ro"}});
    spec.process.args = {"sh", "-c", "grep -E ' /r[ow] ' /proc/self/mountinfo > /work/table"};
    Child child = AMBIT_TRY(Child::start({.spec = &spec}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    AMBIT_TRY(await_exit(child));
    return std::string();
  });
  ASSERT_TRUE(result) << result.error().message();
  std::ifstream table(root_ / "work/table");
  const std::string text{std::istreambuf_iterator<char>(table), {}};
  EXPECT_NE(text.find("/rw rw,nosuid,nodev,noexec"), std::string::npos) << text;
  EXPECT_NE(text.find("/ro ro,nosuid,nodev,noexec"), std::string::npos) << text;
}

TEST_F(MountsTest, RecursiveReadOnlyReachesMountsBelow) {
  const fs::path source = make_dir("source");
  fs::create_directory(source / "below");
  const auto result = in_monitor([&]() -> Result<std::string> {
    AMBIT_TRY(os::unshare(CLONE_NEWNS, "mount namespace"));
    if (::mount("tmpfs", (source / "below").c_str(), "tmpfs", 0, nullptr) < 0)
      return Error::from_errno(errno, "mount");
    spec::RuntimeSpec spec = spec_;
    spec.mounts.push_back({"/m", "bind", source.string(), {"rbind", "rro"}});
    spec.process.args = {"touch", "/m/below/x"};
    Child child = AMBIT_TRY(Child::start({.spec = &spec}));
    AMBIT_TRY(await_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    return std::to_string(AMBIT_TRY(await_exit(child)));
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "1");
}

// As inside a container that masks parts of its /proc.
TEST_F(MountsTest, CoveredProcOfTheHostIsExplained) {
  spec_.process.args = {"true"};
  const auto result = in_monitor([&]() -> Result<std::string> {
    AMBIT_TRY(os::unshare(CLONE_NEWNS, "mount namespace"));
    if (::mount("tmpfs", "/proc/sys/kernel", "tmpfs", MS_RDONLY, nullptr) < 0)
      return Error::from_errno(errno, "mount");
    Child child = AMBIT_TRY(Child::start({.spec = &spec_}));
    AMBIT_TRY(await_ready(child));
    return std::string("started");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::HostUnsupported);
  EXPECT_NE(result.error().message().find("mount /proc: the kernel gives no new proc"),
            std::string::npos)
      << result.error().message();
}

TEST_F(MountsTest, BindIsPrivateUnlessAskedOtherwise) {
  mount_at("/data") = {"/data", "bind", make_dir("source").string(), {"rbind"}};
  EXPECT_EQ(sh("grep -cE ' (shared|master):' /proc/self/mountinfo"), "0\nexit code 1\n");
  mount_at("/data").options = {"rbind", "rshared"};
  EXPECT_EQ(sh("grep -cE ' /data .* shared:' /proc/self/mountinfo"), "1\n");
}

// The folder is neither the user's nor mapped; a group of his opens it.
TEST_F(MountsTest, SourceThatOnlyAGroupOfTheUserReachesIsOpened) {
  if (::geteuid() != 0) GTEST_SKIP() << "groups can only be set as root";
  constexpr gid_t kGroup = 54321;
  const fs::path folder = make_dir("group");
  const fs::path source = make_dir("group/source");
  write_file(source / "file", "hi");
  ASSERT_EQ(::chown(folder.c_str(), 54320, kGroup), 0);
  ASSERT_EQ(::chmod(folder.c_str(), 0050), 0);
  ASSERT_EQ(::setgroups(1, &kGroup), 0);
  mount_at("/data") = {"/data", "bind", source.string(), {"rbind"}};
  EXPECT_EQ(sh("cat /data/file; grep Groups /proc/self/status"), "hiGroups:\t \n");
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  EXPECT_EQ(run({"true"}).error.code(), ErrorCode::PermissionDenied);
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
}

class OverlayTest : public ContainerTest {
 protected:
  // The busybox root is the lowest of `count` layers; each of the others has a file of its own, and
  // all have "top".
  spec::Overlay layers(int count) {
    spec::Overlay overlay;
    for (int i = count - 1; i > 0; --i) {
      const fs::path layer = make_dir("layer," + std::to_string(i) + ":x");
      write_file(layer / ("file" + std::to_string(i)), "");
      write_file(layer / "top", std::to_string(i));
      if (i < count - 1) write_file(layer / "second", std::to_string(i));
      overlay.lower.push_back(layer.string());
    }
    overlay.lower.push_back(root_.string());
    overlay.upper = make_dir("upper").string();
    overlay.work = make_dir("workdir").string();
    return overlay;
  }
};

TEST_F(OverlayTest, OneLayerBelowAWritableOne) {
  spec_.ambit.overlay = layers(1);
  EXPECT_EQ(sh("echo x > /new; rm /etc/group; cat /new"), "x\n");
  EXPECT_TRUE(fs::exists(dir_ / "upper/new"));
  EXPECT_FALSE(fs::exists(root_ / "new"));
  EXPECT_TRUE(fs::exists(root_ / "etc/group"));
}

TEST_F(OverlayTest, ManyLayersWithTheTopmostFirst) {
  spec_.ambit.overlay = layers(130);
  EXPECT_EQ(sh("cat /top /second; ls / | grep -c file"), "129128129\n");
}

TEST_F(OverlayTest, ManyLayersInOneMountCall) {
  const spec::Overlay overlay = layers(130);
  const auto result = in_monitor([&]() -> Result<std::string> {
    AMBIT_TRY(os::unshare(CLONE_NEWNS, "mount namespace"));
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
      return Error::from_errno(errno, "mount");
    UniqueFd mount = AMBIT_TRY(make_overlay(overlay, OverlayMethod::OneMountCall));
    char second[4] = {};
    const UniqueFd second_fd(::openat(mount.get(), "second", O_RDONLY | O_CLOEXEC));
    if (::read(second_fd.get(), second, 3) != 3 || std::string(second) != "128")
      return Error(ErrorCode::Internal, "the layers are in another order");
    const UniqueFd first(::openat(mount.get(), "file1", O_RDONLY | O_CLOEXEC));
    const UniqueFd last(::openat(mount.get(), "file129", O_RDONLY | O_CLOEXEC));
    // The root is not covered any more.
    const bool is_host = fs::exists("/../proc/self");
    return std::string(first && last && is_host ? "all" : "not all");
  });
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, "all");
}

TEST_F(OverlayTest, WithoutAnUpperFolderNothingCanBeWritten) {
  for (const int count : {1, 3}) {
    spec_.ambit.overlay = layers(count);
    spec_.ambit.overlay->upper.clear();
    for (const char* folder : {"proc", "sys", "dev"}) fs::create_directories(root_ / folder);
    EXPECT_NE(sh("touch /new").find("Read-only file system"), std::string::npos) << count;
  }
}

TEST_F(OverlayTest, HostPathsOfLayersAreNotInTheMountTable) {
  spec_.ambit.overlay = layers(2);
  EXPECT_EQ(sh("grep -c sandbox- /proc/self/mountinfo"), "0\nexit code 1\n");
}

TEST_F(OverlayTest, MissingLayerIsNotFoundAndNamed) {
  spec_.ambit.overlay = layers(2);
  spec_.ambit.overlay->lower.front() = (dir_ / "gone").string();
  const Outcome outcome = run({"true"});
  EXPECT_EQ(outcome.error.code(), ErrorCode::NotFound);
  EXPECT_NE(outcome.error.message().find((dir_ / "gone").string()), std::string::npos);
}

TEST_F(OverlayTest, OverlayIsAMountOfTheSpecificationToo) {
  const spec::Overlay overlay = layers(2);
  std::string lower = overlay.lower.front();
  // "layer,1:x" as overlayfs writes it
  lower.insert(lower.rfind(':'), "\\");
  mount_at("/o") = {"/o",
                    "overlay",
                    "overlay",
                    {"lowerdir=" + lower + ":" + root_.string(), "upperdir=" + overlay.upper,
                     "workdir=" + overlay.work}};
  EXPECT_EQ(sh("cat /o/top /o/etc/group | head -1; echo hi > /o/new"), "1root:x:0:\n");
  EXPECT_TRUE(fs::exists(dir_ / "upper/new"));
}

}  // namespace
}  // namespace ambit::sandbox
