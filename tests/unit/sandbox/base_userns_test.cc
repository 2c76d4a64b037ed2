#include "sandbox/base_userns.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/user_name.h"
#include "container_fixture.h"
#include "os/file.h"
#include "os/namespace.h"

namespace ambit::sandbox {
namespace {

std::string text(const std::vector<spec::IdMapping>& mappings) {
  std::vector<os::IdExtent> extents;
  for (const spec::IdMapping& mapping : mappings)
    extents.push_back({mapping.container_id, mapping.host_id, mapping.size});
  return os::format_id_map(extents);
}

TEST(BaseUsernsTest, TheUserIsRootInItAndNothingIsLeftRunning) {
  auto base = make_base_userns(user_name(::geteuid()));
  if (!base) AMBIT_SKIP(base.error().message());
  EXPECT_EQ((*base).extents.uids.front().container_id, 0U);
  EXPECT_EQ((*base).extents.uids.front().host_id, ::geteuid());
  EXPECT_EQ((*base).extents.uids.front().size, 1U);
  EXPECT_EQ((*base).note.empty(), (*base).extents.uids.size() > 1);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(BaseUsernsTest, ExtentsOfAKeptNamespaceAreFoundAgain) {
  auto base = make_base_userns(user_name(::geteuid()));
  if (!base) AMBIT_SKIP(base.error().message());
  const auto extents = base_userns_extents((*base).userns.get());
  ASSERT_TRUE(extents) << extents.error().message();
  EXPECT_EQ(text((*extents).uids), text((*base).extents.uids));
  EXPECT_EQ(text((*extents).gids), text((*base).extents.gids));
}

TEST(BaseUsernsTest, AnotherDescriptorIsNoNamespace) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto extents = base_userns_extents(null.get());
  ASSERT_FALSE(extents);
  EXPECT_EQ(extents.error().code(), ErrorCode::InvalidArgument);
}

// A user of the system whom nobody gave a range: the map has one id, and the reader is told.
TEST(BaseUsernsTest, UserWithoutRangesGetsASingleIdAndANote) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user can only be tried as root";
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setgroups(0, nullptr) < 0 || ::setresgid(kNobody, kNobody, kNobody) < 0 ||
        ::setresuid(kNobody, kNobody, kNobody) < 0)
      ::_exit(1);
    // A change of ids makes a process non-dumpable, and its /proc root's.
    if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) ::_exit(1);
    const auto base = make_base_userns(user_name(::geteuid()));
    const std::string said =
        base ? text((*base).extents.uids) + (*base).note : base.error().message();
    (void)os::write_all(write_end.get(), said);
    ::_exit(0);
  }
  write_end.reset();
  const auto said = os::read_all(read_end.get(), 65536);
  (void)::waitpid(pid, nullptr, 0);
  ASSERT_TRUE(said);
  if ((*said).find("user namespaces are off") != std::string::npos) AMBIT_SKIP(*said);
  EXPECT_EQ((*said).substr(0, 10), "0 65534 1\n") << *said;
  EXPECT_NE((*said).find("usermod --add-subuids"), std::string::npos) << *said;
}

}  // namespace
}  // namespace ambit::sandbox
