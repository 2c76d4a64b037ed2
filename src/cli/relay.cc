#include "cli/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/strings.h"

namespace ambit::cli {
namespace {

constexpr std::size_t kChunk = 65536;
constexpr int kRoundsPerTurn = 16;  // then others get their turn

mode_t type_of(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

bool can_splice(int source_fd, int sink_fd) {
  const mode_t source = type_of(source_fd);
  const mode_t sink = type_of(sink_fd);
  const auto fits = [](mode_t type) { return type == S_IFIFO || type == S_IFREG; };
  return fits(source) && fits(sink) && (source == S_IFIFO || sink == S_IFIFO);
}

// A pipe that poll(2) calls writable takes a page without blocking, however many would fit; what
// does not block, or is a file, takes all.
std::size_t write_chunk(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  const bool takes_all = (flags >= 0 && (flags & O_NONBLOCK) != 0) || type_of(fd) == S_IFREG;
  return takes_all ? kChunk : PIPE_BUF;
}

bool is_ready(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

Relay::Relay(bus::EventLoop& loop, int source_fd, int sink_fd, Done done, Filter filter)
    : loop_(loop),
      source_fd_(source_fd),
      sink_fd_(sink_fd),
      done_(std::move(done)),
      filter_(std::move(filter)),
      use_splice_(!filter_ && can_splice(source_fd, sink_fd)),
      write_chunk_(write_chunk(sink_fd)) {}

Result<void> Relay::start() {
  idle_ = true;
  return wait(source_fd_, EPOLLIN);
}

void Relay::add(std::string_view bytes) {
  if (bytes.empty() || !done_) return;
  const bool was_waiting_for_source = pending_.empty();
  pending_ += bytes;
  idle_ = false;
  if (!was_waiting_for_source) return;
  if (const Result<void> waiting = wait(sink_fd_, EPOLLOUT); !waiting) {
    error_ = waiting.error().message();
    finish(End::Failed);
  }
}

// Only the side that is waited for is watched: EPOLLHUP of the other can't be masked and would keep
// the loop spinning.
Result<void> Relay::wait(int fd, std::uint32_t events) {
  event_.reset();
  auto source = loop_.on_io(fd, events, [this](std::uint32_t) { pump(); });
  // epoll(7) refuses what is always ready: files and /dev/null.
  if (!source && source.error().sys_errno() == EPERM)
    event_ = AMBIT_TRY(loop_.defer([this] { pump(); }));
  else
    event_ = AMBIT_TRY(std::move(source));
  return {};
}

void Relay::pump() {
  Step last = Step::Moved;
  for (int round = 0; round < kRoundsPerTurn && last == Step::Moved; ++round) last = step();
  idle_ = last == Step::SourceEmpty;
  switch (last) {
    case Step::Moved:
    case Step::SourceEmpty:
    case Step::SinkFull: {
      const bool sink = last == Step::SinkFull || !pending_.empty();
      const Result<void> waiting = sink ? wait(sink_fd_, EPOLLOUT) : wait(source_fd_, EPOLLIN);
      if (waiting) return;
      error_ = waiting.error().message();
      return finish(End::Failed);
    }
    case Step::SourceEnd:
      return finish(End::SourceEnd);
    case Step::SinkGone:
      return finish(End::SinkGone);
    case Step::Stopped:
      return finish(End::Stopped);
    case Step::Failed:
      return finish(End::Failed);
  }
}

Relay::Step Relay::step() {
  if (!pending_.empty()) return write_some();
  if (stop_after_write_) return Step::Stopped;
  if (source_ended_) return Step::SourceEnd;
  return use_splice_ ? splice_some() : read_some();
}

Relay::Step Relay::splice_some() {
  const ssize_t moved =
      ::splice(source_fd_, nullptr, sink_fd_, nullptr, kChunk, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (moved > 0) return Step::Moved;
  if (moved == 0) return Step::SourceEnd;
  const int err = errno;
  switch (err) {
    case EINTR:
      return Step::Moved;
    case EAGAIN:
      return is_ready(source_fd_, POLLIN) ? Step::SinkFull : Step::SourceEmpty;
    case EINVAL:  // such as a file opened with O_APPEND
      use_splice_ = false;
      return Step::Moved;
    case EPIPE:
      return Step::SinkGone;
    default:
      return fail("splice", err);
  }
}

Relay::Step Relay::read_some() {
  // The descriptor may be the caller's and blocking.
  if (!is_ready(source_fd_, POLLIN)) return Step::SourceEmpty;
  char buffer[kChunk];
  const ssize_t size = ::read(source_fd_, buffer, sizeof buffer);
  if (size == 0) return end_source();
  if (size < 0) {
    const int err = errno;
    switch (err) {
      case EINTR:
        return Step::Moved;
      case EAGAIN:
        return Step::SourceEmpty;
      case EIO:         // a terminal that was hung up
      case ECONNRESET:  // a socket whose peer went away with unread bytes
        return end_source();
      default:
        return fail("read", err);
    }
  }
  const std::string_view bytes(buffer, static_cast<std::size_t>(size));
  if (filter_)
    stop_after_write_ = filter_(bytes, pending_);
  else
    pending_ = bytes;
  return Step::Moved;
}

Relay::Step Relay::end_source() {
  source_ended_ = true;
  if (filter_) (void)filter_({}, pending_);
  return Step::Moved;
}

Relay::Step Relay::write_some() {
  if (!is_ready(sink_fd_, POLLOUT)) return Step::SinkFull;
  const ssize_t size = ::write(sink_fd_, pending_.data(), std::min(pending_.size(), write_chunk_));
  if (size >= 0) {
    pending_.erase(0, static_cast<std::size_t>(size));
    return Step::Moved;
  }
  const int err = errno;
  switch (err) {
    case EINTR:
      return Step::Moved;
    case EAGAIN:
      return Step::SinkFull;
    case EPIPE:
    case ECONNRESET:
      return Step::SinkGone;
    default:
      return fail("write", err);
  }
}

Relay::Step Relay::fail(const char* what, int err) {
  error_ = Error::from_errno(err, what).message();
  return Step::Failed;
}

void Relay::finish(End end) {
  event_.reset();
  idle_ = true;
  // A copy: the callback may destroy this relay.
  const Done done = std::exchange(done_, nullptr);
  if (done) done(end);
}

}  // namespace ambit::cli
