#include "daemon/command_line.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ambit::daemon {
namespace {

TEST(CommandLine, ArgumentsAreSeparatedBySpaces) {
  const std::string line = command_line_of(::getpid());
  EXPECT_NE(line.find("command_line_test"), std::string::npos) << line;
  EXPECT_EQ(line.find('\0'), std::string::npos);
}

TEST(CommandLine, AZombieShowsItsNameInBrackets) {
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) ::_exit(0);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  const std::string line = command_line_of(pid);
  EXPECT_EQ(line.front(), '[');
  EXPECT_EQ(line.back(), ']');
  ::waitpid(pid, nullptr, 0);
}

TEST(CommandLine, AProcessThatIsGoneHasNone) {
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(command_line_of(pid), "");
}

}  // namespace
}  // namespace ambit::daemon
