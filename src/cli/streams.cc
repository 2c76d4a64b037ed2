#include "cli/streams.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "os/terminal.h"

namespace ambit::cli {
namespace {

// The flag belongs to the open file: the far end, a file of its own, stays as it was.
Result<void> make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return Error::from_errno(errno, "making a stream non-blocking");
  return {};
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return Error::from_errno(errno, "pipe");
  return Pipe{.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
}

Result<UniqueFd> make_terminal(bus::OptionWriter& options) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return Error::from_errno(errno, "socketpair");
  UniqueFd near(fds[0]);
  options.set("TerminalSocket", UniqueFd(fds[1]));
  AMBIT_TRY(make_nonblocking(near.get()));
  return near;
}

Result<UniqueFd> make_output(const char* key, bus::OptionWriter& options) {
  Pipe pipe = AMBIT_TRY(make_pipe());
  AMBIT_TRY(make_nonblocking(pipe.read.get()));
  options.set(key, std::move(pipe.write));
  return std::move(pipe.read);
}

}  // namespace

Result<Streams> Streams::make(const StreamWishes& wishes, bus::OptionWriter& options) {
  Streams streams;
  if (wishes.terminal) {
    streams.terminal = AMBIT_TRY(make_terminal(options));
    if (const auto size = os::terminal_size())
      options.set("TerminalSize", std::tuple(size->rows, size->columns));
    return streams;
  }
  if (wishes.input) {
    Pipe pipe = AMBIT_TRY(make_pipe());
    AMBIT_TRY(make_nonblocking(pipe.write.get()));
    options.set("Stdin", std::move(pipe.read));
    streams.input = std::move(pipe.write);
  }
  if (wishes.output) streams.output = AMBIT_TRY(make_output("Stdout", options));
  if (wishes.errors) streams.errors = AMBIT_TRY(make_output("Stderr", options));
  return streams;
}

Result<Streams> Streams::adopt(const StreamWishes& wishes, std::vector<UniqueFd> descriptors) {
  Streams streams;
  std::vector<UniqueFd*> places;
  if (wishes.terminal) {
    places.push_back(&streams.terminal);
  } else {
    if (wishes.input) places.push_back(&streams.input);
    if (wishes.output) places.push_back(&streams.output);
    if (wishes.errors) places.push_back(&streams.errors);
  }
  if (places.size() != descriptors.size())
    return Error(ErrorCode::Internal, strf("Attach returned %zu descriptors, %zu were asked for",
                                           descriptors.size(), places.size()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    AMBIT_TRY(make_nonblocking(descriptors[i].get()));
    *places[i] = std::move(descriptors[i]);
  }
  return streams;
}

}  // namespace ambit::cli
