#include "cli/relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::cli {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  UniqueFd read, write;
};

Pipe make_pipe(int flags = 0) {
  int fds[2];
  EXPECT_EQ(::pipe2(fds, O_CLOEXEC | flags), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

class RelayTest : public testing::Test {
 protected:
  RelayTest() { ::signal(SIGPIPE, SIG_IGN); }

  // Runs the loop until the relay has ended or nothing happens for a moment.
  void run(const std::optional<Relay::End>& end, std::chrono::microseconds quiet = 10s) {
    while (!end && *loop_.run_once(quiet)) continue;
  }

  Relay::Done set(std::optional<Relay::End>& end) {
    return [&end](Relay::End reason) { end = reason; };
  }

  bus::EventLoop loop_ = *bus::EventLoop::create();
};

// Copies `size` bytes from a writer on the one side to a slow reader on the other.
std::string through(bus::EventLoop& loop, int source, int sink, UniqueFd write, UniqueFd read,
                    const std::string& bytes) {
  std::thread writer([fd = std::move(write), &bytes] { (void)os::write_all(fd.get(), bytes); });
  std::string got;
  std::optional<Relay::End> end;
  UniqueFd sink_fd(sink);
  Relay relay(loop, source, sink, [&](Relay::End reason) {
    end = reason;
    sink_fd.reset();
  });
  EXPECT_TRUE(relay.start());
  std::thread reader([fd = std::move(read), &got] { got = *os::read_all(fd.get(), 1 << 26); });
  while (!end && *loop.run_once(10s)) continue;
  writer.join();
  reader.join();
  EXPECT_EQ(end, Relay::End::SourceEnd) << relay.error();
  return got;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

TEST_F(RelayTest, EveryByteGoesFromPipeToPipe) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  const std::string bytes = pattern(3'000'001);
  EXPECT_TRUE(through(loop_, in.read.get(), out.write.release(), std::move(in.write),
                      std::move(out.read), bytes) == bytes);
}

TEST_F(RelayTest, EveryByteGoesFromSocketToPipe) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  UniqueFd source(fds[0]);
  Pipe out = make_pipe();
  const std::string bytes = pattern(1'000'001);
  EXPECT_TRUE(through(loop_, source.get(), out.write.release(), UniqueFd(fds[1]),
                      std::move(out.read), bytes) == bytes);
}

TEST_F(RelayTest, EveryByteGoesIntoAFileThatIsAppendedTo) {
  char path[] = "/tmp/ambit-relay-XXXXXX";
  UniqueFd made(::mkstemp(path));
  UniqueFd file(::open(path, O_RDWR | O_APPEND | O_CLOEXEC));
  ::unlink(path);
  Pipe in = make_pipe();
  ASSERT_TRUE(os::write_all(in.write.get(), "hello"));
  in.write.reset();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), file.get(), set(end));
  ASSERT_TRUE(relay.start());
  run(end);
  EXPECT_EQ(end, Relay::End::SourceEnd);
  ::lseek(file.get(), 0, SEEK_SET);
  EXPECT_EQ(*os::read_all(file.get(), 100), "hello");
}

TEST_F(RelayTest, AFileIsReadToItsEnd) {
  UniqueFd file = *os::sealed_memfd("input", pattern(300'000));
  Pipe out = make_pipe(O_NONBLOCK);
  const std::string bytes = pattern(300'000);
  ASSERT_EQ(::fcntl(out.read.get(), F_SETFL, 0), 0);
  EXPECT_TRUE(through(loop_, file.get(), out.write.release(), UniqueFd(), std::move(out.read),
                      "") == bytes);
}

TEST_F(RelayTest, AFullSinkIsWaitedForWithoutSpinning) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), out.write.get(), set(end));
  ASSERT_TRUE(relay.start());
  const std::string bytes = pattern(60'000);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(os::write_all(in.write.get(), bytes));
    for (int round = 0; round < 20 && *loop_.run_once(1ms); ++round) continue;
  }
  in.write.reset();  // the source hangs up while the sink is full
  int rounds = 0;
  while (rounds < 100 && *loop_.run_once(50ms)) ++rounds;
  EXPECT_LT(rounds, 10);
  EXPECT_FALSE(end);
  EXPECT_FALSE(relay.is_idle());
  std::thread reader([&] { (void)os::read_all(out.read.get(), 1 << 20); });
  run(end);
  EXPECT_EQ(end, Relay::End::SourceEnd);
  out.write.reset();
  reader.join();
}

TEST_F(RelayTest, AReaderThatHasGoneEndsIt) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  out.read.reset();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), out.write.get(), set(end));
  ASSERT_TRUE(relay.start());
  ASSERT_TRUE(os::write_all(in.write.get(), "x"));
  run(end);
  EXPECT_EQ(end, Relay::End::SinkGone);
}

TEST_F(RelayTest, TheFilterChangesBytesAndStops) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), out.write.get(), set(end),
              [](std::string_view bytes, std::string& result) {
                result += "<" + std::string(bytes) + ">";
                return bytes == "stop";
              });
  ASSERT_TRUE(relay.start());
  ASSERT_TRUE(os::write_all(in.write.get(), "go"));
  for (int round = 0; round < 5 && *loop_.run_once(50ms); ++round) continue;
  ASSERT_TRUE(os::write_all(in.write.get(), "stop"));
  run(end);
  EXPECT_EQ(end, Relay::End::Stopped);
  out.write.reset();
  EXPECT_EQ(*os::read_all(out.read.get(), 100), "<go><stop>");
}

TEST_F(RelayTest, TheFilterHearsOfTheEndAndItsLastBytesAreWritten) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), out.write.get(), set(end),
              [](std::string_view bytes, std::string& result) {
                result += bytes.empty() ? "rest" : std::string(bytes);
                return false;
              });
  ASSERT_TRUE(relay.start());
  ASSERT_TRUE(os::write_all(in.write.get(), "some "));
  in.write.reset();
  run(end);
  EXPECT_EQ(end, Relay::End::SourceEnd);
  out.write.reset();
  EXPECT_EQ(*os::read_all(out.read.get(), 100), "some rest");
}

TEST_F(RelayTest, AddedBytesGoBehindWhatWasRead) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::optional<Relay::End> end;
  Relay relay(loop_, in.read.get(), out.write.get(), set(end),
              [](std::string_view bytes, std::string& result) {
                result += bytes;
                return false;
              });
  ASSERT_TRUE(relay.start());
  ASSERT_TRUE(os::write_all(in.write.get(), "read "));
  for (int round = 0; round < 5 && *loop_.run_once(50ms); ++round) continue;
  relay.add("added ");
  EXPECT_FALSE(relay.is_idle());
  for (int round = 0; round < 5 && *loop_.run_once(50ms); ++round) continue;
  ASSERT_TRUE(os::write_all(in.write.get(), "and read"));
  in.write.reset();
  run(end);
  out.write.reset();
  EXPECT_EQ(*os::read_all(out.read.get(), 100), "read added and read");
}

}  // namespace
}  // namespace ambit::cli
