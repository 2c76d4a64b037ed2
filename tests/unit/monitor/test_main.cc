#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <vector>

#include "os/cgroup.h"

// The tests make cgroups below their own. An ordinary user may do that only in a unit of his
// manager that is delegated to him: there the program runs itself again.
namespace {

constexpr char kMarker[] = "AMBIT_TEST_DELEGATED";

bool owns_cgroup() {
  const auto path = ambit::os::cgroup_of(::getpid());
  return path && ::access(("/sys/fs/cgroup" + *path + "/cgroup.procs").c_str(), W_OK) == 0;
}

// Comes back only where there is no user manager.
void run_in_delegated_unit(char** argv) {
  char self[PATH_MAX] = {};
  if (::readlink("/proc/self/exe", self, sizeof self - 1) < 0) return;
  std::vector<std::string> words = {"systemd-run",
                                    "--user",
                                    "--pipe",
                                    "--wait",
                                    "--quiet",
                                    "--collect",
                                    "--same-dir",
                                    "--property=Delegate=yes",
                                    std::string("--setenv=") + kMarker + "=1"};
  for (const char* name : {"AMBIT_TEST_MUST_RUN", "GTEST_OUTPUT", "GTEST_FILTER"})
    if (std::getenv(name) != nullptr) words.emplace_back(std::string("--setenv=") + name);
  words.emplace_back("--");
  words.emplace_back(self);
  for (char** word = argv + 1; *word != nullptr; ++word) words.emplace_back(*word);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  (void)::execvp(pointers.front(), pointers.data());
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_manager = std::getenv("XDG_RUNTIME_DIR") != nullptr;
  if (!owns_cgroup() && has_manager && std::getenv(kMarker) == nullptr) run_in_delegated_unit(argv);
  ::testing::InitGoogleTest(&argc, argv);
  // Those that want a real journald and systemd are for a session, and no test of other machines.
  if (!has_manager) ::testing::GTEST_FLAG(filter) += "-MonitorJournaldTest.*";
  return RUN_ALL_TESTS();
}
