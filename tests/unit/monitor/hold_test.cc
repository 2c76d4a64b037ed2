#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "base/strings.h"
#include "os/file.h"
#include "os/socket.h"
#include "spec/holder_settings.h"
#include "unit/monitor/monitor_run.h"

// `ambit-monitor hold`: the process that keeps what a pod shares.
namespace ambit::test {
namespace {

using spec::MonitorMessageType;
using spec::NamespaceType;

class HolderRun {
 public:
  HolderRun(const MonitorFixture& fixture, const spec::HolderSettings& settings) {
    UniqueFd exe = open_monitor_program();
    auto [ours, theirs] = std::move(*os::packet_pair());
    control_ = std::make_unique<PeerConnection>(std::move(ours));
    folder_ = std::move(*os::open_at(AT_FDCWD, fixture.folder(), O_PATH | O_DIRECTORY));
    UniqueFd listener = std::move(*os::listen_packets(folder_.get(), spec::kHolderSocketName));
    UniqueFd text = std::move(*os::sealed_memfd("settings", spec::write_holder_settings(settings)));
    auto process =
        os::spawn({.exe_fd = exe.get(),
                   .argv = {"ambit-monitor", "hold", "web", "control:listen:settings:userns"},
                   .fds = {theirs.get(), listener.get(), text.get(), fixture.userns()}});
    if (!process) ADD_FAILURE() << process.error().message();
    if (process) process_ = std::move(*process);
  }
  ~HolderRun() {
    if (is_reaped_ || process_.pid < 0) return;
    (void)::kill(process_.pid, SIGKILL);
    (void)::waitpid(process_.pid, nullptr, 0);
  }

  PeerConnection& control() { return *control_; }
  void disconnect() { control_.reset(); }
  void signal(int number) { (void)::kill(process_.pid, number); }
  int wait_for_end() {
    int status = -1;
    is_reaped_ = ::waitpid(process_.pid, &status, 0) == process_.pid;
    return status;
  }
  PeerConnection connect() {
    auto socket = os::connect_packets(folder_.get(), spec::kHolderSocketName);
    if (!socket) ADD_FAILURE() << socket.error().message();
    return PeerConnection(socket ? std::move(*socket) : UniqueFd());
  }
  // What whoever connects is given, by name.
  std::map<std::string, UniqueFd> gifts() {
    PeerConnection peer = connect();
    const std::string names = peer.expect(MonitorMessageType::Given).text;
    std::map<std::string, UniqueFd> gifts;
    auto fds = peer.take_fds();
    std::size_t count = 0;
    for (const std::string& name : split(names, ' '))
      if (!name.empty()) gifts[name] = std::move(fds.at(count++));
    return gifts;
  }
  // A line of /proc/PID/status.
  std::string status_of(const std::string& key) const {
    const auto text = os::read_file_at(AT_FDCWD, strf("/proc/%d/status", process_.pid), 65536);
    for (const std::string& line : split(text ? *text : "", '\n'))
      if (line.starts_with(key + ":")) return std::string(trim(line.substr(key.size() + 1)));
    return "";
  }

 private:
  UniqueFd folder_;
  std::unique_ptr<PeerConnection> control_;
  os::Process process_;
  bool is_reaped_ = false;
};

const spec::HolderSettings kAll = {
    .share = {NamespaceType::Network, NamespaceType::Ipc, NamespaceType::Uts}, .hostname = "web"};

ino_t inode_of(int fd) {
  struct stat st = {};
  (void)::fstat(fd, &st);
  return st.st_ino;
}

ino_t inode_of_link(const char* path) {
  struct stat st = {};
  (void)::stat(path, &st);
  return st.st_ino;
}

using HolderTest = MonitorFixture;

TEST_F(HolderTest, GivesEachThatConnectsTheSameNamespacesAndMountsOfTheSameFileSystems) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, kAll);
  holder.control().expect(MonitorMessageType::Ready);
  const auto one = holder.gifts();
  const auto other = holder.gifts();
  ASSERT_EQ(one.size(), 5u);
  for (const auto& [name, fd] : one) EXPECT_EQ(inode_of(fd.get()), inode_of(other.at(name).get()));
  EXPECT_NE(inode_of(one.at(spec::kGivenNetwork).get()), inode_of_link("/proc/self/ns/net"));
  EXPECT_NE(inode_of(one.at(spec::kGivenIpc).get()), inode_of_link("/proc/self/ns/ipc"));
  EXPECT_NE(inode_of(one.at(spec::kGivenUts).get()), inode_of_link("/proc/self/ns/uts"));
}

TEST_F(HolderTest, WhatItSharesBelongsToTheBaseNamespace) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, kAll);
  const auto gifts = holder.gifts();
  for (const char* name : {spec::kGivenNetwork, spec::kGivenIpc, spec::kGivenUts}) {
    const UniqueFd owner(::ioctl(gifts.at(name).get(), NS_GET_USERNS));
    ASSERT_TRUE(owner) << name;
    EXPECT_EQ(inode_of(owner.get()), inode_of(userns())) << name;
  }
}

TEST_F(HolderTest, SharesWhatItIsToldToAndNothingElse) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, {.share = {NamespaceType::Uts}, .hostname = "web"});
  const auto gifts = holder.gifts();
  ASSERT_EQ(gifts.size(), 1u);
  EXPECT_EQ(gifts.begin()->first, spec::kGivenUts);
}

TEST_F(HolderTest, KeepsTheRightToCopyItsMountsAndNoOther) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun with_mounts(*this, kAll);
  with_mounts.control().expect(MonitorMessageType::Ready);
  EXPECT_EQ(with_mounts.status_of("CapPrm"), "0000000000200000");
  EXPECT_EQ(with_mounts.status_of("CapBnd"), "0000000000000000");
  EXPECT_EQ(with_mounts.status_of("NoNewPrivs"), "1");
  HolderRun without(*this, {.share = {NamespaceType::Network}});
  without.control().expect(MonitorMessageType::Ready);
  EXPECT_EQ(without.status_of("CapPrm"), "0000000000000000");
}

TEST_F(HolderTest, EndsWithAmbitdUntilItIsInItsScope) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, kAll);
  holder.control().expect(MonitorMessageType::Ready);
  holder.disconnect();
  EXPECT_EQ(holder.wait_for_end(), 0);
}

TEST_F(HolderTest, OutlivesAmbitdOnceItIsAndEndsWhenItsScopeIsStopped) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, kAll);
  holder.control().expect(MonitorMessageType::Ready);
  holder.control().send({.type = MonitorMessageType::Go});
  holder.disconnect();
  EXPECT_EQ(holder.gifts().size(), 5u);
  holder.signal(SIGHUP);
  EXPECT_EQ(holder.gifts().size(), 5u);
  holder.signal(SIGURG);
  EXPECT_EQ(holder.wait_for_end(), 0);
}

TEST_F(HolderTest, TellsWhoeverConnectsWhyThereIsNothing) {
  AMBIT_REQUIRE_CONTAINERS();
  HolderRun holder(*this, {.share = {NamespaceType::Uts}, .hostname = std::string(200, 'x')});
  EXPECT_NE(holder.control().expect(MonitorMessageType::Failed).text.find("sethostname"),
            std::string::npos);
  EXPECT_NE(holder.wait_for_end(), 0);
}

TEST(HolderSettings, ComeBackAsTheyWereWritten) {
  spec::HolderSettings settings = kAll;
  settings.shm_size_bytes = 4096;
  auto parsed = spec::parse_holder_settings(spec::write_holder_settings(settings));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->share, settings.share);
  EXPECT_EQ(parsed->hostname, "web");
  EXPECT_EQ(parsed->shm_size_bytes, 4096u);
  EXPECT_EQ(spec::parse_holder_settings("share=user\n").error().code(), ErrorCode::Corrupt);
  EXPECT_EQ(spec::parse_holder_settings("hostname\n").error().code(), ErrorCode::Corrupt);
}

}  // namespace
}  // namespace ambit::test
