#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "os/cgroup.h"
#include "os/file.h"
#include "os/socket.h"
#include "sandbox/default_spec.h"
#include "unit/monitor/monitor_run.h"

// `ambit-monitor exec`: a further process in a container that runs.
namespace ambit::test {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

// One exec helper, started as ambitd starts it.
class ExecRun {
 public:
  ExecRun(const MonitorFixture& fixture, const MonitorRun& container,
          std::vector<std::string> command, const std::vector<std::string>& clients = {}) {
    spec::RuntimeSpec spec = sandbox::default_spec();
    spec.process.args = std::move(command);
    UniqueFd exe = open_monitor_program();
    auto [ours, theirs] = std::move(*os::packet_pair());
    control_ = std::make_unique<PeerConnection>(std::move(ours));
    UniqueFd spec_fd = std::move(*os::sealed_memfd("spec", spec::write_runtime_spec(spec)));
    UniqueFd pidfd = std::move(*os::open_pidfd(container.container_pid()));
    UniqueFd cgroup = std::move(*os::open_cgroup(container.scope()));
    std::string names = "control:spec:userns:pidfd:cgroup";
    std::vector<int> fds = {theirs.get(), spec_fd.get(), fixture.userns(), pidfd.get(),
                            cgroup.get()};
    std::vector<UniqueFd> given;
    for (const std::string& client : clients) {
      ClientEnds ends = client_ends(client);
      names += ":" + client;
      fds.push_back(ends.theirs.get());
      given.push_back(std::move(ends.theirs));
      clients_.emplace_back(client, std::move(ends.ours));
    }
    auto process = os::spawn(
        {.exe_fd = exe.get(), .argv = {"ambit-monitor", "exec", "web", names}, .fds = fds});
    if (!process) ADD_FAILURE() << process.error().message();
    if (process) process_ = std::move(*process);
  }
  ~ExecRun() {
    if (is_reaped_ || process_.pid < 0) return;
    (void)::kill(process_.pid, SIGKILL);
    (void)::waitpid(process_.pid, nullptr, 0);
  }

  PeerConnection& control() { return *control_; }
  void disconnect() { control_.reset(); }
  pid_t pid() const { return process_.pid; }
  int client(const std::string& name) const {
    for (const auto& [key, fd] : clients_)
      if (key == name) return fd.get();
    return -1;
  }
  void close_client(const std::string& name) {
    for (auto& [key, fd] : clients_)
      if (key == name) fd.reset();
  }
  bool wait_for_end() {
    is_reaped_ = is_reaped_ || ::waitpid(process_.pid, nullptr, 0) == process_.pid;
    return is_reaped_;
  }

 private:
  os::Process process_;
  bool is_reaped_ = false;
  std::unique_ptr<PeerConnection> control_;
  std::vector<std::pair<std::string, UniqueFd>> clients_;
};

class MonitorExecTest : public MonitorFixture {
 protected:
  void SetUp() override {
    MonitorFixture::SetUp();
    AMBIT_REQUIRE_CONTAINERS();
  }
  static void end(MonitorRun& container) {
    container.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
    container.expect_exited();
  }
};

TEST_F(MonitorExecTest, AProcessRunsWithTheClientsOwnStreams) {
  MonitorRun container(*this, {.command = {"wait"}});
  container.start();
  ExecRun exec(*this, container, {"/payload", "cat"}, {"stdin", "stdout"});
  exec.control().expect(MonitorMessageType::Started);
  ASSERT_TRUE(os::write_all(exec.client("stdin"), "hello\n"));
  exec.close_client("stdin");
  EXPECT_EQ(read_fd(exec.client("stdout")), "ready\nhello\n<end>");
  const MonitorMessage exited = exec.control().expect(MonitorMessageType::Exited);
  EXPECT_EQ(exited.a, 0);
  EXPECT_EQ(exited.text, "exited");
  EXPECT_TRUE(exec.wait_for_end());
  end(container);
}

TEST_F(MonitorExecTest, ProcessAndHelperLiveInTheContainersScope) {
  MonitorRun container(*this, {.command = {"wait"}});
  container.start();
  ExecRun exec(*this, container, {"/payload", "wait"}, {"stdout"});
  const MonitorMessage started = exec.control().expect(MonitorMessageType::Started);
  EXPECT_EQ(*os::cgroup_of(static_cast<pid_t>(started.a)), container.scope() + "/payload");
  EXPECT_EQ(*os::cgroup_of(exec.pid()), container.scope() + "/supervisor");
  exec.control().send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  EXPECT_EQ(exec.control().expect(MonitorMessageType::Exited).a, 137);
  EXPECT_TRUE(exec.wait_for_end());
  end(container);
}

TEST_F(MonitorExecTest, AMissingCommandIsToldAsSuch) {
  MonitorRun container(*this, {.command = {"wait"}});
  container.start();
  ExecRun exec(*this, container, {"/no/such/command"});
  const MonitorMessage failed = exec.control().expect(MonitorMessageType::Failed);
  EXPECT_EQ(static_cast<int>(failed.code), static_cast<int>(ErrorCode::CommandNotFound))
      << failed.text;
  EXPECT_TRUE(exec.wait_for_end());
  end(container);
}

TEST_F(MonitorExecTest, AProcessOutlivesAmbitd) {
  MonitorRun container(*this, {.command = {"wait"}});
  container.start();
  ExecRun exec(*this, container, {"/payload", "cat"}, {"stdin", "stdout"});
  exec.control().expect(MonitorMessageType::Started);
  exec.disconnect();
  ASSERT_TRUE(os::write_all(exec.client("stdin"), "still here"));
  exec.close_client("stdin");
  EXPECT_EQ(read_fd(exec.client("stdout")), "ready\nstill here<end>");
  EXPECT_TRUE(exec.wait_for_end());
  end(container);
}

TEST_F(MonitorExecTest, TheContainersEndEndsTheProcess) {
  MonitorRun container(*this, {.command = {"wait"}});
  container.start();
  ExecRun exec(*this, container, {"/payload", "wait"}, {"stdout"});
  exec.control().expect(MonitorMessageType::Started);
  EXPECT_EQ(read_fd(exec.client("stdout"), "ready\n"), "ready\n");
  end(container);
  EXPECT_EQ(exec.control().expect(MonitorMessageType::Exited).a, 137);
  EXPECT_EQ(read_fd(exec.client("stdout")), "");
  EXPECT_TRUE(exec.wait_for_end());
}

}  // namespace
}  // namespace ambit::test
