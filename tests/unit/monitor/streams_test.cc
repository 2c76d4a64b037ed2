#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "os/file.h"
#include "unit/monitor/monitor_run.h"
#include "unit/monitor/random_bytes.h"

// What a container prints and reads, as its clients and the journal see it.
namespace ambit::test {
namespace {

using spec::MonitorMessage;
using spec::MonitorMessageType;

class MonitorStreamsTest : public MonitorFixture {
 protected:
  void SetUp() override {
    MonitorFixture::SetUp();
    AMBIT_REQUIRE_CONTAINERS();
  }
  std::string journalled(const std::string& stream) {
    return stream_bytes(journal().records(), stream);
  }
  static std::vector<UniqueFd> attach(MonitorRun& run, const std::string& names) {
    run.send({.type = MonitorMessageType::Attach, .text = names});
    run.expect(MonitorMessageType::Attached);
    return run.take_fds();
  }
};

TEST_F(MonitorStreamsTest, ClientAndJournalGetTheIdenticalBytes) {
  MonitorRun run(*this, {.command = {"random", "1"}, .clients = {"stdout", "stderr"}});
  run.start();
  const auto [out, err] = run.read_output_to_end();
  EXPECT_EQ(run.expect_exited().a, 0);
  EXPECT_TRUE(out == random_bytes(1));
  EXPECT_TRUE(err == random_bytes(2));
  EXPECT_TRUE(journalled("stdout") == random_bytes(1));
  EXPECT_TRUE(journalled("stderr") == random_bytes(2));
}

TEST_F(MonitorStreamsTest, ARecordSaysWhoseItIs) {
  MonitorRun run(*this, {.command = {"print", "hello\n"}});
  run.start();
  run.expect_exited();
  const auto records = without_events(journal().records());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0], (JournalRecord{{"SYSLOG_IDENTIFIER", "web"},
                                       {"CONTAINER_NAME", "web"},
                                       {"CONTAINER_ID", std::string(12, 'a')},
                                       {"CONTAINER_ID_FULL", std::string(64, 'a')},
                                       {"IMAGE_NAME", "img:1"},
                                       {"PRIORITY", "6"},
                                       {"AMBIT_STREAM", "stdout"},
                                       {"MESSAGE", "hello"}}));
}

TEST_F(MonitorStreamsTest, EverythingIsInTheJournalWhenTheExitIsTold) {
  for (int i = 0; i < 20; ++i) {
    MonitorRun run(*this, {.command = {"print", "line " + std::to_string(i) + "\n"}});
    run.start();
    run.expect_exited();
    ASSERT_EQ(without_events(journal().records()).size(), static_cast<std::size_t>(i) + 1);
  }
}

TEST_F(MonitorStreamsTest, ManySmallWritesArriveWhole) {
  MonitorRun run(*this, {.command = {"bytes", "500000"}, .clients = {"stdout"}});
  run.start();
  EXPECT_TRUE(run.read_to_end("stdout") == std::string(500'000, 'x'));
  EXPECT_EQ(run.expect_exited().a, 0);
  EXPECT_TRUE(journalled("stdout") == std::string(500'000, 'x'));
}

TEST_F(MonitorStreamsTest, WithoutALogDriverTheJournalGetsNoOutput) {
  MonitorOptions options{.command = {"print", "hello\n"}, .clients = {"stdout"}};
  options.settings.log_driver = "none";
  MonitorRun run(*this, options);
  run.start();
  EXPECT_EQ(run.read_to_end("stdout"), "hello\n");
  run.expect_exited();
  EXPECT_TRUE(without_events(journal().records()).empty());
}

TEST_F(MonitorStreamsTest, AClientThatDoesNotReadHoldsTheContainerUp) {
  MonitorRun run(*this, {.command = {"flood"}, .clients = {"stdout"}});
  run.start();
  // Pipe, monitor and pipe again are full some time: then the journal gets no more either.
  std::size_t before = 0;
  for (int quiet = 0; quiet < 5;) {
    (void)::usleep(20'000);
    const std::size_t now = journalled("stdout").size();
    ASSERT_LT(now, 20'000'000U);
    quiet = now == before && now > 0 ? quiet + 1 : 0;
    before = now;
  }
  EXPECT_LT(before, 1'000'000U);
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  const std::string out = run.read_to_end("stdout");
  run.expect_exited();
  EXPECT_TRUE(out == journalled("stdout"));
}

TEST_F(MonitorStreamsTest, TheEndDoesNotWaitForAClientThatReadsLater) {
  MonitorRun run(*this, {.command = {"random", "5"}, .clients = {"stdout", "stderr"}});
  run.start();
  // 300 kB each: the container is held up until its output has been taken from the pipe once.
  std::string out;
  std::string err;
  while (out.size() < 150'000) {
    char buffer[16384];
    const ssize_t n = ::read(run.client("stdout"), buffer, sizeof buffer);
    ASSERT_GT(n, 0);
    out.append(buffer, static_cast<std::size_t>(n));
  }
  out += run.read_until("stdout", random_bytes(5).substr(299'000));
  EXPECT_TRUE(out == random_bytes(5));
  while (err.size() < 150'000) {
    char buffer[16384];
    const ssize_t n = ::read(run.client("stderr"), buffer, sizeof buffer);
    ASSERT_GT(n, 0);
    err.append(buffer, static_cast<std::size_t>(n));
  }
  run.expect_exited();
  EXPECT_TRUE(err + run.read_to_end("stderr") == random_bytes(6));
}

TEST_F(MonitorStreamsTest, AClientThatGoesLeavesTheRestToTheJournal) {
  MonitorRun run(*this, {.command = {"random", "3"}, .clients = {"stdout", "stderr"}});
  run.start();
  run.close_client("stdout");
  run.close_client("stderr");
  EXPECT_EQ(run.expect_exited().a, 0);
  EXPECT_TRUE(journalled("stdout") == random_bytes(3));
}

TEST_F(MonitorStreamsTest, AUserOfTheContainersMayReopenItsOutput) {
  MonitorRun run(*this, {.command = {"reopen"}, .clients = {"stdout"}, .user = "1000:1000"});
  run.start();
  EXPECT_EQ(run.read_to_end("stdout"), "reopened\n");
  EXPECT_EQ(run.expect_exited().a, 0);
}

// --- stdin ---

TEST_F(MonitorStreamsTest, StdinReachesTheContainerAndItsEndToo) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"stdin", "stdout"}});
  run.start();
  ASSERT_TRUE(os::write_all(run.client("stdin"), "one\ntwo"));
  run.close_client("stdin");
  EXPECT_EQ(run.read_to_end("stdout"), "ready\none\ntwo<end>");
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, WithoutAClientStdinIsEmpty) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"stdout"}});
  run.start();
  EXPECT_EQ(run.read_to_end("stdout"), "ready\n<end>");
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, AnOpenStdinWaitsForClientsThatComeAndGo) {
  MonitorOptions options{.command = {"cat"}, .clients = {"stdout"}};
  options.settings.open_stdin = true;
  MonitorRun run(*this, options);
  run.start();
  for (const char* text : {"first\n", "second\n"}) {
    auto ends = attach(run, "stdin");
    ASSERT_EQ(ends.size(), 1U);
    ASSERT_TRUE(os::write_all(ends[0].get(), text));
    ends.clear();
    EXPECT_NE(run.read_until("stdout", text).find(text), std::string::npos);
  }
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, AContainerThatDoesNotReadHoldsItsWriterUp) {
  MonitorRun run(*this, {.command = {"wait"}, .clients = {"stdin", "stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  (void)::fcntl(run.client("stdin"), F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  const std::string block(65536, 'i');
  for (int full = 0; full < 20;) {
    const ssize_t n = ::write(run.client("stdin"), block.data(), block.size());
    full = n < 0 ? full + 1 : 0;
    if (n < 0) (void)::usleep(5000);
    if (n > 0) written += static_cast<std::size_t>(n);
    ASSERT_LT(written, 1'000'000U);
  }
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
}

// --- attach ---

TEST_F(MonitorStreamsTest, EveryClientSeesAllOutput) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"stdin", "stdout"}});
  run.start();
  run.read_until("stdout", "ready\n");
  auto second = attach(run, "stdin stdout stderr");
  ASSERT_EQ(second.size(), 3U);
  ASSERT_TRUE(os::write_all(second[0].get(), "from the second\n"));
  EXPECT_EQ(run.read_until("stdout", "second\n"), "from the second\n");
  EXPECT_EQ(read_fd(second[1].get(), "second\n"), "from the second\n");
  ASSERT_TRUE(os::write_all(run.client("stdin"), "from the first\n"));
  EXPECT_EQ(read_fd(second[1].get(), "first\n"), "from the first\n");
  second[0].reset();
  run.close_client("stdin");
  EXPECT_EQ(read_fd(second[1].get()), "<end>");
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, ALateClientThatDoesNotReadIsLetGo) {
  MonitorRun run(*this, {.command = {"flood"}, .clients = {"stdout"}});
  run.start();
  auto late = attach(run, "stdout");
  ASSERT_EQ(late.size(), 1U);
  std::size_t taken = 0;
  char buffer[65536];
  while (taken < 8'000'000) {
    const ssize_t n = ::read(run.client("stdout"), buffer, sizeof buffer);
    ASSERT_GT(n, 0);
    taken += static_cast<std::size_t>(n);
  }
  EXPECT_LT(read_fd(late[0].get()).size(), 2'000'000U);  // it has an end
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  (void)run.read_to_end("stdout");
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, StreamsThatAreNotThereAreRefused) {
  MonitorRun run(*this, {.command = {"wait"}});
  run.start();
  for (const char* names : {"tty", "stdin", "stdout nothing", ""}) {
    run.send({.type = MonitorMessageType::Attach, .text = names});
    EXPECT_FALSE(run.expect(MonitorMessageType::Refused).text.empty());
  }
  run.send({.type = MonitorMessageType::Resize, .a = 10, .b = 10});
  run.expect(MonitorMessageType::Refused);
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
}

// --- terminal ---

TEST_F(MonitorStreamsTest, ATerminalHasItsSizeFromTheStartAndTakesBothDimensions) {
  MonitorRun run(*this, {.command = {"size"}, .clients = {"tty"}, .terminal = true});
  run.start();
  EXPECT_EQ(run.read_until("tty", "\n"), "size 24x80\r\n");
  run.send({.type = MonitorMessageType::Resize, .a = 20, .b = 200});
  EXPECT_EQ(run.read_until("tty", "\n"), "size 20x200\r\n");
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  EXPECT_EQ(run.expect_exited().a, 137);
  EXPECT_EQ(journalled("stdout"), "size 24x80\r\nsize 20x200\r\n");
}

TEST_F(MonitorStreamsTest, AttachingToATerminalForcesARedraw) {
  MonitorRun run(*this, {.command = {"size"}, .clients = {"tty"}, .terminal = true});
  run.start();
  run.read_until("tty", "\n");
  auto ends = attach(run, "tty");
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_NE(read_fd(ends[0].get(), "24x80\r\n").find("size 24x80\r\n"), std::string::npos);
  run.send({.type = MonitorMessageType::Kill, .a = SIGKILL});
  run.expect_exited();
}

TEST_F(MonitorStreamsTest, ATerminalEchoesAndItsOutputIsWholeAtTheEnd) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"tty"}, .terminal = true});
  run.start();
  run.read_until("tty", "ready\r\n");
  ASSERT_TRUE(os::write_all(run.client("tty"), "typed\n\x04"));
  EXPECT_EQ(run.read_to_end("tty"), "typed\r\ntyped\r\n<end>");
  EXPECT_EQ(run.expect_exited().a, 0);
}

TEST_F(MonitorStreamsTest, AClientMayLeaveATerminalAndComeBack) {
  MonitorRun run(*this, {.command = {"cat"}, .clients = {"tty"}, .terminal = true});
  run.start();
  run.read_until("tty", "ready\r\n");
  run.close_client("tty");
  auto ends = attach(run, "tty");
  ASSERT_EQ(ends.size(), 1U);
  ASSERT_TRUE(os::write_all(ends[0].get(), "again\n\x04"));
  EXPECT_NE(read_fd(ends[0].get()).find("again\r\n<end>"), std::string::npos);
  run.expect_exited();
}

}  // namespace
}  // namespace ambit::test
