#include "monitor/client_sink.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ambit::monitor {
namespace {

constexpr int kWidePipeBytes = 1 << 20;

}  // namespace

ClientSink::ClientSink(UniqueFd fd, Kind kind) : fd_(std::move(fd)), kind_(kind) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  (void)::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

void ClientSink::write(std::string_view bytes) {
  if (!is_open()) return;
  if (pending_.empty()) bytes.remove_prefix(write_some(bytes));
  if (!is_open()) return;
  pending_ += bytes;
  if (kind_ == Kind::Late && pending_.size() > kLateBytes) close();
}

void ClientSink::prepare(PollSet& polls) const {
  polls.want(fd_.get(), pending_.empty() ? short{0} : short{POLLOUT});
}

void ClientSink::dispatch(const PollSet& polls) {
  if (!is_open()) return;
  const short ready = polls.ready(fd_.get());
  if ((ready & POLLOUT) != 0) flush();
  // A pipe says POLLERR when its reader has gone, a socket POLLHUP when both directions are shut.
  if (is_open() && (ready & (POLLERR | POLLHUP)) != 0) close();
}

void ClientSink::widen() {
  if (!is_behind()) return;
  (void)::fcntl(fd_.get(), F_SETPIPE_SZ, kWidePipeBytes);
  flush();
}

void ClientSink::flush() {
  pending_.erase(0, write_some(pending_));
  if (pending_.empty()) pending_.shrink_to_fit();
}

// How much was taken. Closes where nobody reads.
std::size_t ClientSink::write_some(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(fd_.get(), bytes.data() + written, bytes.size() - written);
    if (n >= 0) {
      written += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      close();
      return bytes.size();
    }
  }
  return written;
}

void ClientSink::close() {
  // A terminal's socket has another descriptor, for the other direction: both end here.
  (void)::shutdown(fd_.get(), SHUT_RDWR);
  fd_.reset();
  pending_.clear();
  pending_.shrink_to_fit();
}

}  // namespace ambit::monitor
