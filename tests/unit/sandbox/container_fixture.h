#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/child.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

// How a container's run ended, as a test wants to read it.
struct Outcome {
  bool executed = false;
  Error error{ErrorCode::Internal, ""};  // where it wasn't
  int exit_code = -1;                    // 128+n for signal n
  std::string out;
  std::string err;
};

// Runs containers of a busybox in a temporary folder, each from a forked process in the base user
// namespace, as ambit-monitor is one. The cgroup mount is left out: build machines have no cgroup
// v2 of their own.
class ContainerTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Calls `body` in a forked process that is in the base user namespace, and brings back its text
  // or its error.
  Result<std::string> in_monitor(const std::function<Result<std::string>()>& body) const;

  // Runs the container of `spec_` until it ends. `on_ready` is called before go().
  Outcome run(const std::vector<std::string>& args,
              const std::function<Result<void>(Child&)>& on_ready = nullptr) const;

  // Runs a line of shell and returns its output, or "error: ..." for a start that failed. A code
  // other than 0 and text on standard error are appended, so that a comparison shows them.
  std::string sh(const std::string& line) const;

  void write(const std::string& path_in_root, const std::string& text,
             std::filesystem::perms mode = std::filesystem::perms(0644)) const;
  // A folder beside the root, for sources and layers.
  std::filesystem::path make_dir(const std::string& name) const;
  spec::Mount& mount_at(const std::string& destination);

  bool has_id_ranges() const;

  std::filesystem::path dir_;
  std::filesystem::path root_;
  spec::RuntimeSpec spec_;
  std::string seccomp_;
  Stdio stdio_;
};

// In a process of in_monitor(): the next event of a child, waited for with a deadline.
Result<ChildEvent> await_event(Child& child);

// Until Ready; a failed start is the error.
Result<ChildEvent> await_ready(Child& child);

// Until Executed; the same.
Result<void> await_executed(Child& child);

// Waits for its end: 128+n for signal n.
Result<int> await_exit(Child& child);

// A start and an exec, with standard output in a memfd whose text is returned with the exit code
// ("0 text").
Result<std::string> run_to_end(Child child, int out_fd);

}  // namespace ambit::sandbox

// Skips, or fails where AMBIT_TEST_MUST_RUN is set, with the reason.
#define AMBIT_SKIP(reason)                                                 \
  do {                                                                     \
    if (std::getenv("AMBIT_TEST_MUST_RUN") != nullptr) FAIL() << (reason); \
    GTEST_SKIP() << (reason);                                              \
  } while (false)
