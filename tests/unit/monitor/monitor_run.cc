#include "unit/monitor/monitor_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/user_name.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/socket.h"
#include "sandbox/base_userns.h"
#include "sandbox/default_spec.h"

namespace ambit::test {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

constexpr int kDeadlineMsec = 20'000;

bool wait_readable(int fd) {
  pollfd poll_fd = {fd, POLLIN, 0};
  return ::poll(&poll_fd, 1, kDeadlineMsec) == 1;
}

UniqueFd open_folder(const std::string& path) {
  (void)::mkdir(path.c_str(), 0755);
  return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

spec::RuntimeSpec container_spec(const MonitorFixture& fixture, const MonitorOptions& options) {
  spec::RuntimeSpec spec = sandbox::default_spec();
  spec.root_path = fixture.folder() + "/root";
  spec.hostname = "test";
  spec.process.args = options.command;
  spec.process.args.insert(spec.process.args.begin(), "/payload");
  spec.process.terminal = options.terminal;
  if (options.terminal) spec.process.console_size = spec::ConsoleSize{24, 80};
  spec.ambit.user = options.user;
  for (spec::Mount& mount : spec.mounts)
    if (mount.type == "cgroup" && options.writable_cgroups) mount.options = {"nosuid", "nodev"};
  return spec;
}

bool is_cgroup2(const char* path) {
  struct statfs fs = {};
  return ::statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

// On a machine with both versions, root looks at the second one in a mount namespace of its own.
void find_cgroup2() {
  if (is_cgroup2("/sys/fs/cgroup") || ::geteuid() != 0) return;
  if (::unshare(CLONE_NEWNS) < 0) return;
  (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  (void)::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr);
}

}  // namespace

UniqueFd open_monitor_program() {
  return UniqueFd(::open(AMBIT_MONITOR_PROGRAM, O_RDONLY | O_CLOEXEC));
}

ClientEnds client_ends(const std::string& name) {
  int fds[2];
  if (name == "tty") {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) std::abort();
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
  if (::pipe2(fds, O_CLOEXEC) < 0) std::abort();
  if (name == "stdin") return {UniqueFd(fds[1]), UniqueFd(fds[0])};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::string read_fd(int fd, const std::string& text) {
  std::string bytes;
  char buffer[65536];
  while (text.empty() || bytes.find(text) == std::string::npos) {
    if (!wait_readable(fd)) return bytes + "<timeout>";
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
  return bytes;
}

void MonitorFixture::SetUp() {
  static const bool once = (find_cgroup2(), true);
  (void)once;
  char name[] = "/tmp/ambit-monitor-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  folder_ = name;
  ASSERT_EQ(::chmod(name, 0755), 0);
  ASSERT_TRUE(os::make_dirs(folder_ + "/root", 0755));
  std::filesystem::copy_file(AMBIT_PAYLOAD_PROGRAM, folder_ + "/root/payload");
  for (const char* place : {"proc", "dev", "sys", "etc", "tmp"})
    ASSERT_TRUE(os::make_dirs(folder_ + "/root/" + place, 0755));
  journal_.emplace(folder_ + "/journal");
  auto base = sandbox::make_base_userns(user_name(::geteuid()));
  if (base) userns_ = std::move(base->userns);
  if (const auto own = os::cgroup_of(::getpid())) scopes_ = *own == "/" ? "" : *own;
}

void MonitorFixture::TearDown() {
  journal_.reset();
  for (const std::string& scope : made_) {
    const std::string path = "/sys/fs/cgroup" + scope;
    for (const char* child : {"/payload", "/supervisor", ""}) (void)::rmdir((path + child).c_str());
    EXPECT_FALSE(std::filesystem::exists(path)) << "left behind: " << path;
  }
  std::filesystem::remove_all(folder_);
}

std::string MonitorFixture::new_scope() {
  static int count = 0;  // of the program: what a failed test has left is nobody else's
  if (!is_cgroup2("/sys/fs/cgroup")) return "";
  const std::string scope =
      scopes_ + "/ambit-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  if (::mkdir(("/sys/fs/cgroup" + scope).c_str(), 0755) < 0) return "";
  made_.push_back(scope);
  return scope;
}

PeerConnection::PeerConnection(const std::string& run_folder) {
  UniqueFd run = open_folder(run_folder);
  auto fd = os::connect_packets(run.get(), "monitor.sock");
  if (!fd) ADD_FAILURE() << fd.error().message();
  if (fd) fd_ = std::move(*fd);
}

void PeerConnection::send(const MonitorMessage& message) {
  const auto sent = os::send_packet(fd_.get(), spec::write_monitor_message(message));
  if (!sent) ADD_FAILURE() << sent.error().message();
}

MonitorMessage PeerConnection::expect(MonitorMessageType type) {
  MonitorMessage message = next();
  EXPECT_EQ(static_cast<int>(message.type), static_cast<int>(type)) << message.text;
  return message;
}

MonitorMessage PeerConnection::next() {
  fds_.clear();
  if (!wait_readable(fd_.get())) {
    ADD_FAILURE() << "no message";
    return {};
  }
  auto packet = os::receive_packet(fd_.get());
  if (!packet || packet->closed) {
    ADD_FAILURE() << "closed, instead of a message";
    return {};
  }
  fds_ = std::move(packet->fds);
  auto message = spec::parse_monitor_message(packet->bytes);
  if (!message) {
    ADD_FAILURE() << message.error().message();
    return {};
  }
  return *message;
}

MonitorRun::MonitorRun(MonitorFixture& fixture, const MonitorOptions& options)
    : fixture_(fixture),
      scope_(fixture.new_scope()),
      run_folder_(fixture.folder() + "/run" + scope_.substr(scope_.rfind('-'))) {
  UniqueFd exe = open_monitor_program();
  auto [ours, theirs] = std::move(*os::packet_pair());
  control_ = std::make_unique<PeerConnection>(std::move(ours));
  UniqueFd spec = std::move(
      *os::sealed_memfd("spec", spec::write_runtime_spec(container_spec(fixture, options))));
  UniqueFd settings =
      std::move(*os::sealed_memfd("settings", spec::write_monitor_settings(options.settings)));
  UniqueFd run = open_folder(run_folder_);
  UniqueFd data = open_folder(run_folder_ + "/data");

  std::string names = "control:spec:settings:userns:run:data";
  std::vector<int> fds = {theirs.get(),     spec.get(), settings.get(),
                          fixture.userns(), run.get(),  data.get()};
  std::vector<UniqueFd> given;
  for (const std::string& client : options.clients) {
    ClientEnds ends = client_ends(client);
    names += ":" + client;
    fds.push_back(ends.theirs.get());
    given.push_back(std::move(ends.theirs));
    clients_.emplace_back(client, std::move(ends.ours));
  }
  std::vector<std::string> env;
  if (!options.real_journal) env.push_back("AMBIT_JOURNAL_SOCKET=" + fixture.journal().path());
  auto process = os::spawn({.exe_fd = exe.get(),
                            .argv = {"ambit-monitor", "run", options.settings.name, names},
                            .env = std::move(env),
                            .fds = fds});
  if (!process) ADD_FAILURE() << process.error().message();
  if (process) process_ = std::move(*process);
}

MonitorRun::~MonitorRun() {
  if (is_reaped_ || process_.pid < 0) return;
  // The test has failed half-way: nothing of it is to stay.
  if (auto scope = os::open_cgroup(scope_)) (void)os::kill_cgroup(scope->get());
  (void)::kill(process_.pid, SIGKILL);
  (void)::waitpid(process_.pid, nullptr, 0);
}

MonitorMessage MonitorRun::expect_either(MonitorMessageType one, MonitorMessageType other) {
  MonitorMessage message = control_->next();
  EXPECT_TRUE(message.type == one || message.type == other) << static_cast<int>(message.type);
  return message;
}

void MonitorRun::start() {
  expect(MonitorMessageType::Ready);
  send({.type = MonitorMessageType::Go, .text = scope_});
  const MonitorMessage started = expect(MonitorMessageType::Started);
  EXPECT_GT(started.a, 0);
  container_pid_ = static_cast<pid_t>(started.a);
}

void MonitorRun::start_in_unit(const std::string& unit) {
  expect(MonitorMessageType::Ready);
  const std::string call =
      "busctl --user --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
      "org.freedesktop.systemd1.Manager StartTransientUnit 'ssa(sv)a(sa(sv))' " +
      unit + " fail 4 PIDs au 1 " + std::to_string(process_.pid) +
      " Delegate b true KillSignal i 23 TimeoutStopUSec t 20000000 0 >/dev/null";
  ASSERT_EQ(std::system(call.c_str()), 0);
  std::string path;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (path.find(unit) == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    if (const auto found = os::cgroup_of(process_.pid)) path = *found;
  }
  send({.type = MonitorMessageType::Go, .text = path});
  expect(MonitorMessageType::Started);
}

MonitorMessage MonitorRun::expect_exited() {
  MonitorMessage message = expect(MonitorMessageType::Exited);
  EXPECT_TRUE(wait_for_end());
  return message;
}

int MonitorRun::client(const std::string& name) const {
  for (const auto& [key, fd] : clients_)
    if (key == name) return fd.get();
  return -1;
}

void MonitorRun::close_client(const std::string& name) {
  for (auto& [key, fd] : clients_)
    if (key == name) fd.reset();
}

std::string MonitorRun::read_to_end(const std::string& name) { return read_fd(client(name)); }

std::pair<std::string, std::string> MonitorRun::read_output_to_end() {
  std::string err;
  std::thread reader([&] { err = read_to_end("stderr"); });
  std::string out = read_to_end("stdout");
  reader.join();
  return {std::move(out), std::move(err)};
}

std::string MonitorRun::read_until(const std::string& name, const std::string& text) {
  return read_fd(client(name), text);
}

void MonitorRun::signal(int number) { (void)::kill(process_.pid, number); }

bool MonitorRun::wait_for_end() {
  if (is_reaped_) return true;
  if (!wait_readable(process_.pidfd.get())) return false;
  is_reaped_ = ::waitpid(process_.pid, nullptr, 0) == process_.pid;
  return is_reaped_;
}

bool MonitorRun::has_record() const {
  return std::filesystem::exists(run_folder_ + "/data/" + spec::kExitRecordName);
}

spec::ExitRecord MonitorRun::record() const {
  const auto text =
      os::read_file_at(AT_FDCWD, run_folder_ + "/data/" + spec::kExitRecordName, 65536);
  if (!text) {
    ADD_FAILURE() << text.error().message();
    return {};
  }
  auto record = spec::parse_exit_record(*text);
  if (!record) {
    ADD_FAILURE() << record.error().message();
    return {};
  }
  return *record;
}

}  // namespace ambit::test
