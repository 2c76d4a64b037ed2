#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "container_fixture.h"
#include "sandbox/capabilities.h"
#include "sandbox/user_lookup.h"

namespace ambit::sandbox {
namespace {

using UserTest = ContainerTest;

// Needs ids besides 0.
#define AMBIT_REQUIRE_RANGES() \
  if (!has_id_ranges()) AMBIT_SKIP("no subordinate ids")

TEST_F(UserTest, NameGivesIdsGroupsAndHome) {
  AMBIT_REQUIRE_RANGES();
  spec_.ambit.user = "web";
  EXPECT_EQ(sh("id; echo $HOME"), "uid=33(web) gid=34(web) groups=50(staff),51(log)\n/srv/web\n");
}

TEST_F(UserTest, GroupReplacesThePrimaryAndTheSupplementaryOnes) {
  AMBIT_REQUIRE_RANGES();
  spec_.ambit.user = "web:staff";
  EXPECT_EQ(sh("id"), "uid=33(web) gid=50(staff)\n");
  spec_.ambit.user = "33:1234";
  EXPECT_EQ(sh("id"), "uid=33(web) gid=1234\n");
}

TEST_F(UserTest, NumberNeedsNoEntry) {
  AMBIT_REQUIRE_RANGES();
  spec_.ambit.user = "4242";
  EXPECT_EQ(sh("id; echo $HOME"), "uid=4242 gid=0(root)\n/\n");
}

TEST_F(UserTest, UnknownNamesAreNamed) {
  spec_.ambit.user = "nobody-here";
  EXPECT_EQ(sh("true"), "error: no user 'nobody-here' in the container's /etc/passwd");
  spec_.ambit.user = "root:nogroup-here";
  EXPECT_EQ(sh("true"), "error: no group 'nogroup-here' in the container's /etc/group");
}

TEST_F(UserTest, OrdinaryUserHasNoCapabilities) {
  AMBIT_REQUIRE_RANGES();
  spec_.ambit.user = "web";
  EXPECT_EQ(sh("grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status | grep -vc 0000000000000000"),
            "0\nexit code 1\n");
}

TEST_F(UserTest, AddedCapabilityReachesAnOrdinaryUser) {
  AMBIT_REQUIRE_RANGES();
  spec_.ambit.user = "web";
  auto granted = default_capabilities();
  spec_.process.capabilities = capability_sets(granted, {"CAP_NET_BIND_SERVICE"});
  EXPECT_EQ(sh("grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status"),
            "CapInh:\t0000000000000400\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\n"
            "CapAmb:\t0000000000000400\n");
}

TEST_F(UserTest, OrdinaryUserMayReopenItsPipes) {
  AMBIT_REQUIRE_RANGES();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  stdio_.stdout_fd = write_end.get();
  spec_.ambit.user = "web";
  EXPECT_EQ(run({"sh", "-c", "echo hi > /dev/stdout"}).exit_code, 0);
}

TEST_F(UserTest, IdThatIsNotMappedIsExplained) {
  spec_.ambit.user = "4000000000";
  const Outcome outcome = run({"true"});
  EXPECT_FALSE(outcome.executed);
  EXPECT_NE(outcome.error.message().find("id 4000000000 is not mapped into the container"),
            std::string::npos)
      << outcome.error.message();
}

TEST_F(UserTest, HostileFilesCountAsEmpty) {
  std::filesystem::remove(root_ / "etc/passwd");
  ASSERT_EQ(::mkfifo((root_ / "etc/passwd").c_str(), 0644), 0);
  EXPECT_EQ(sh("echo $HOME"), "/\n");
  std::filesystem::remove(root_ / "etc/passwd");
  std::filesystem::create_symlink("/dev/zero", root_ / "etc/passwd");
  EXPECT_EQ(sh("echo $HOME"), "/\n");
  std::filesystem::remove(root_ / "etc/passwd");
  write("etc/passwd", std::string(5 << 20, 'x'));
  EXPECT_EQ(sh("echo $HOME"), "/\n");
}

TEST(PasswdLineTest, MalformedLinesAreNoEntries) {
  PasswdEntry entry;
  for (const char* line : {"", "root", "root:x:0:0", ":x:0:0:::", "a:x:-1:0::/:", "a:x:0::::",
                           "a:x:4294967295:0::/:", "a:x:99999999999:0::/:", "a:x:0x10:0::/:"})
    EXPECT_FALSE(parse_passwd_line(line, entry)) << line;
  ASSERT_TRUE(parse_passwd_line("a:x:7:8:A:/home/a", entry));
  EXPECT_EQ(entry.uid, 7U);
  EXPECT_EQ(entry.gid, 8U);
  EXPECT_EQ(entry.home, "/home/a");
}

TEST(GroupLineTest, MembersAreWhatIsBetweenTheThirdColonAndTheFourth) {
  GroupEntry entry;
  for (const char* line : {"", "wheel", "wheel:x:10", ":x:10:a", "a:x:-1:", "a:x:4294967295:"})
    EXPECT_FALSE(parse_group_line(line, entry)) << line;
  ASSERT_TRUE(parse_group_line("wheel:x:10:a,b \t:c", entry));
  EXPECT_EQ(entry.name, "wheel");
  EXPECT_EQ(entry.gid, 10U);
  EXPECT_EQ(entry.members, "a,b");
}

// As long as the largest file that is read. Each separator once cost a string.
TEST(GroupLineTest, MegabytesOfSeparatorsTakeNoMemory) {
  const auto peak_kib = [] {
    rusage usage = {};
    (void)::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto measure = [&](char separator) {
    const std::string line = "a:x:1:" + std::string(4 << 20, separator);
    GroupEntry entry;
    const long before = peak_kib();
    const bool parsed = parse_group_line(line, entry);
    std::exit(parsed && peak_kib() - before < 16 << 10 ? 0 : 1);
  };
  EXPECT_EXIT(measure(','), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(measure(':'), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace ambit::sandbox
