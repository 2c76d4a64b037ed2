#include <fcntl.h>

#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "container_fixture.h"
#include "os/file.h"
#include "sandbox/default_spec.h"

namespace ambit::sandbox {
namespace {

using IsolationTest = ContainerTest;

TEST_F(IsolationTest, HostPathsAreGone) {
  EXPECT_EQ(sh("ls " + dir_.string()),
            "stderr: ls: " + dir_.string() + ": No such file or directory\nexit code 1\n");
  // An old root left in place lies on top of "/": ".." lands on it.
  EXPECT_EQ(sh("ls /../"), "bin\ndev\netc\nproc\nsys\ntmp\nwork\n");
  EXPECT_EQ(sh("pwd; ls -d ../etc"), "/\n../etc\n");
}

TEST_F(IsolationTest, MountTableShowsTheContainersMountsOnly) {
  std::istringstream table(sh("cat /proc/self/mountinfo"));
  const std::vector<std::string> allowed = {"/",        "/proc", "/dev",       "/dev/pts",
                                            "/dev/shm", "/sys",  "/dev/mqueue"};
  int lines = 0;
  for (std::string line; std::getline(table, line); ++lines) {
    const std::string target = split(line, ' ').at(4);
    const bool is_below_own = target.compare(0, 5, "/dev/") == 0 ||
                              target.compare(0, 6, "/proc/") == 0 ||
                              target.compare(0, 5, "/sys/") == 0;
    EXPECT_TRUE(is_below_own || std::find(allowed.begin(), allowed.end(), target) != allowed.end())
        << line;
  }
  EXPECT_GT(lines, 10);
}

TEST_F(IsolationTest, MountsOfTheContainerDontReachTheHost) {
  const auto before = os::read_file_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 24);
  std::string during;
  const Outcome outcome = run({"true"}, [&](Child&) -> Result<void> {
    // The mounts are made by now; the monitor is in the host's mount namespace.
    const std::string table =
        AMBIT_TRY(os::read_file_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 24));
    if (table != *before) return Error(ErrorCode::Internal, "the host's mounts changed");
    return {};
  });
  EXPECT_TRUE(outcome.executed) << outcome.error.message();
}

TEST_F(IsolationTest, CommandIsPid1AndSeesNoOtherProcess) {
  EXPECT_EQ(sh("echo $$; cd /proc; ls -d [0-9]*"), "1\n1\n");
  EXPECT_EQ(run({"sh", "-c", "exit 7"}).exit_code, 7);
}

TEST_F(IsolationTest, NoDescriptorOfTheHostIsInherited) {
  // A leak that the runtime could make: not CLOEXEC, high up and in the middle.
  UniqueFd leak(::open("/etc/passwd", O_RDONLY));
  UniqueFd high(::fcntl(leak.get(), F_DUPFD, 900));
  // 3 is the folder that ls itself reads.
  EXPECT_EQ(sh("exec ls /proc/self/fd"), "0\n1\n2\n3\n");
}

TEST_F(IsolationTest, EnvironmentIsTheContainersOnly) {
  ::setenv("HOST_SECRET", "1", 1);
  spec_.process.env = {"PATH=/bin", "A=b"};
  EXPECT_EQ(run({"env"}).out, "PATH=/bin\nA=b\nHOME=/root\n");
}

TEST_F(IsolationTest, InheritableAndAmbientSetsAreEmptyAndOthersTheDefault) {
  EXPECT_EQ(sh("grep Cap /proc/self/status"),
            "CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\nCapEff:\t00000000800405fb\n"
            "CapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\n");
}

TEST_F(IsolationTest, NoNewPrivilegesAndSeccompAreInForce) {
  EXPECT_EQ(sh("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status"),
            "NoNewPrivs:\t1\nSeccomp:\t2\n");
  // Denied on purpose, though the capability to try is the container's in its own namespace.
  EXPECT_NE(sh("unshare -m true").find("Operation not permitted"), std::string::npos);
}

TEST_F(IsolationTest, ProcSysIsReadOnly) {
  EXPECT_NE(sh("echo 1 > /proc/sys/net/ipv4/ip_forward").find("Read-only file system"),
            std::string::npos);
  EXPECT_EQ(sh("grep -c ' /proc/sys ro,' /proc/self/mountinfo"), "1\n");
}

TEST_F(IsolationTest, MaskedPathsAreEmptyAndReadOnly) {
  write("secret/file", "hidden");
  write("secret.txt", "hidden");
  spec_.masked_paths.insert(spec_.masked_paths.end(), {"/secret", "/secret.txt", "/nowhere"});
  EXPECT_EQ(sh("ls /secret; cat /secret.txt; ls /sys/firmware"), "");
  EXPECT_NE(sh("echo x > /secret.txt").find("Read-only file system"), std::string::npos);
  EXPECT_NE(sh("touch /secret/x").find("Read-only file system"), std::string::npos);
  // Not the host's /dev/null.
  EXPECT_EQ(sh("stat -c %F /secret.txt"), "regular empty file\n");
}

TEST_F(IsolationTest, SysfsIsReadOnly) {
  const std::string writable =
      "grep ' /sys' /proc/self/mountinfo | grep -vc ' ro,'; ls -d /sys/class";
  EXPECT_EQ(sh(writable), "0\n/sys/class\n");
  // The network comes last. Without one of its own a new sysfs is refused, and the host's is shown
  // with all that is mounted there.
  spec_.namespaces.pop_back();
  EXPECT_EQ(sh(writable), "0\n/sys/class\n");
  for (const spec::Mount& mount : default_spec({.network = NetworkMode::Host}).mounts)
    if (mount.destination == "/sys") mount_at("/sys") = mount;
  EXPECT_EQ(sh(writable), "0\n/sys/class\n");
}

TEST_F(IsolationTest, DevHasTheUsualNodesAndLinksOnly) {
  EXPECT_EQ(sh("cd /dev; echo *"),
            "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero\n");
  EXPECT_EQ(sh("stat -c '%F %t:%T' /dev/null /dev/tty"),
            "character special file 1:3\ncharacter special file 5:0\n");
  EXPECT_EQ(sh("echo x > /dev/null; head -c 3 /dev/zero | wc -c; echo hi >> /dev/stdout"),
            "3\nhi\n");
  EXPECT_NE(sh("echo x > /dev/full").find("No space left on device"), std::string::npos);
}

TEST_F(IsolationTest, HostnameAndUtsNamespaceAreItsOwn) {
  EXPECT_EQ(sh("hostname"), "box\n");
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  EXPECT_STRNE(name, "box");
}

TEST_F(IsolationTest, NetworkIsALoopbackThatIsUp) {
  const std::string links = sh("ip -o link");
  EXPECT_NE(links.find("lo:"), std::string::npos) << links;
  EXPECT_NE(links.find("LOOPBACK,UP"), std::string::npos) << links;
  EXPECT_EQ(std::count(links.begin(), links.end(), '\n'),
            std::count(links.begin(), links.end(), '@') + 1)
      << links;
}

TEST_F(IsolationTest, EachListedNamespaceIsNew) {
  for (const char* name : {"user", "mnt", "pid", "net", "ipc", "uts"}) {
    const std::string path = std::string("/proc/self/ns/") + name;
    const auto host = os::read_link_at(AT_FDCWD, path);
    ASSERT_TRUE(host);
    EXPECT_NE(sh("readlink " + path), *host + "\n") << name;
  }
}

TEST_F(IsolationTest, CgroupNamespaceIsMadeAfterGo) {
  const auto host = os::read_link_at(AT_FDCWD, "/proc/self/ns/cgroup");
  const Outcome outcome =
      run({"readlink", "/proc/self/ns/cgroup"}, [&](Child& child) -> Result<void> {
        const std::string path = "/proc/" + std::to_string(child.pid()) + "/ns/cgroup";
        const std::string ours = AMBIT_TRY(os::read_link_at(AT_FDCWD, path));
        if (ours != *host) return Error(ErrorCode::Internal, "made too early");
        return {};
      });
  EXPECT_TRUE(outcome.executed) << outcome.error.message();
  EXPECT_NE(outcome.out, *host + "\n");
}

TEST_F(IsolationTest, CgroupTreeBeginsAtTheContainersOwn) {
  mount_at("/sys/fs/cgroup") = {"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "nodev"}};
  EXPECT_EQ(sh("test -f /sys/fs/cgroup/cgroup.procs; grep ^0:: /proc/self/cgroup; "
               "grep -c ' /sys/fs/cgroup ro,.* - cgroup2 ' /proc/self/mountinfo"),
            "0::/\n1\n");
  EXPECT_NE(sh("mkdir /sys/fs/cgroup/x").find("Read-only file system"), std::string::npos);
}

TEST_F(IsolationTest, SupplementaryGroupsOfTheHostAreGone) {
  if (!has_id_ranges()) AMBIT_SKIP("no subordinate ids: setgroups is denied");
  EXPECT_EQ(sh("grep Groups /proc/self/status"), "Groups:\t \n");
}

TEST_F(IsolationTest, ReadOnlyRootRejectsWrites) {
  spec_.root_readonly = true;
  EXPECT_NE(sh("touch /new").find("Read-only file system"), std::string::npos);
  EXPECT_EQ(sh("echo x > /dev/shm/x; cat /dev/shm/x"), "x\n");
}

TEST_F(IsolationTest, WithoutAMountNamespaceNothingStarts) {
  spec_.namespaces = {{spec::NamespaceType::User, ""}};
  EXPECT_EQ(sh("true"), "error: a container needs a mount namespace");
}

}  // namespace
}  // namespace ambit::sandbox
