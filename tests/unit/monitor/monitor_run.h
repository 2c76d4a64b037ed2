#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "os/process.h"
#include "spec/exit_record.h"
#include "spec/monitor_message.h"
#include "spec/monitor_settings.h"
#include "spec/runtime_spec.h"
#include "support/fake_journal.h"

namespace ambit::test {

// Root file system, folders, cgroup and journal for the monitors of one test; removes them all.
class MonitorFixture : public ::testing::Test {
 public:
  std::string folder() const { return folder_; }
  FakeJournal& journal() { return *journal_; }
  int userns() const { return userns_.get(); }

  // A fresh cgroup, as systemd would make a scope; "" where this machine lets us have none.
  std::string new_scope();

 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  std::string folder_;
  std::string scopes_;  // our cgroup, in which the scopes are
  std::vector<std::string> made_;
  UniqueFd userns_;
  std::optional<FakeJournal> journal_;
};

struct MonitorOptions {
  std::vector<std::string> command;  // of payload_program.cc
  std::vector<std::string> clients;  // of "stdin", "stdout", "stderr", "tty"
  bool terminal = false;
  std::string user;
  bool writable_cgroups = false;
  bool real_journal = false;
  spec::MonitorSettings settings = {.id = std::string(64, 'a'), .name = "web", .image = "img:1"};
};

// A further ambitd, connected to monitor.sock.
class PeerConnection {
 public:
  explicit PeerConnection(UniqueFd fd) : fd_(std::move(fd)) {}
  explicit PeerConnection(const std::string& run_folder);

  void send(const spec::MonitorMessage& message);
  // The next message, which must be of `type`: anything else, or 20 s of silence, fails the test.
  spec::MonitorMessage expect(spec::MonitorMessageType type);
  spec::MonitorMessage next();
  // Descriptors that came with the last message.
  std::vector<UniqueFd> take_fds() { return std::move(fds_); }

 private:
  UniqueFd fd_;
  std::vector<UniqueFd> fds_;
};

// One monitor, started as ambitd starts it, and the test's end of everything it was given.
class MonitorRun {
 public:
  MonitorRun(MonitorFixture& fixture, const MonitorOptions& options);
  ~MonitorRun();

  void send(const spec::MonitorMessage& message) { control_->send(message); }
  spec::MonitorMessage expect(spec::MonitorMessageType type) { return control_->expect(type); }
  spec::MonitorMessage expect_either(spec::MonitorMessageType one, spec::MonitorMessageType other);
  // Ready, Go, Started.
  void start();
  // The same with a scope of the user's manager, made as ambitd makes it.
  void start_in_unit(const std::string& unit);
  // expect(Exited), and the monitor's own end.
  spec::MonitorMessage expect_exited();

  // ambitd is gone, and another one comes.
  void disconnect() { control_.reset(); }
  void reconnect() { control_ = std::make_unique<PeerConnection>(run_folder_); }
  std::vector<UniqueFd> take_fds() { return control_->take_fds(); }

  int client(const std::string& name) const;
  void close_client(const std::string& name);
  // Everything up to the end, or up to a text that is waited for.
  std::string read_to_end(const std::string& name);
  // Both at once: a container waits for either.
  std::pair<std::string, std::string> read_output_to_end();
  std::string read_until(const std::string& name, const std::string& text);

  pid_t pid() const { return process_.pid; }
  pid_t container_pid() const { return container_pid_; }  // after start()
  std::string scope() const { return scope_; }
  std::string run_folder() const { return run_folder_; }
  void signal(int number);
  bool wait_for_end();  // of the monitor; 20 s
  bool has_record() const;
  spec::ExitRecord record() const;

 private:
  MonitorFixture& fixture_;
  std::string scope_;
  std::string run_folder_;
  os::Process process_;
  pid_t container_pid_ = -1;
  bool is_reaped_ = false;
  std::unique_ptr<PeerConnection> control_;
  std::vector<std::pair<std::string, UniqueFd>> clients_;
};

// ambit-monitor, as spawn() wants it.
UniqueFd open_monitor_program();

// What the client that starts something has of a pipe or socket, and what it gives away.
struct ClientEnds {
  UniqueFd ours;
  UniqueFd theirs;
};
ClientEnds client_ends(const std::string& name);

// Reads a descriptor to its end, or until `text` has come; 20 s.
std::string read_fd(int fd, const std::string& text = "");

}  // namespace ambit::test

// Skips where this machine has no user namespaces or no cgroup v2 for us; with AMBIT_TEST_MUST_RUN
// set that is a failure.
#define AMBIT_REQUIRE_CONTAINERS()                                        \
  do {                                                                    \
    if (userns() >= 0 && !new_scope().empty()) break;                     \
    if (std::getenv("AMBIT_TEST_MUST_RUN") != nullptr)                    \
      FAIL() << "needs user namespaces and a cgroup v2 that is ours";     \
    GTEST_SKIP() << "needs user namespaces and a cgroup v2 that is ours"; \
  } while (false)
