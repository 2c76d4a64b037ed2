#include "monitor/input.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ambit::monitor {
namespace {

constexpr std::size_t kReadBytes = 16384;

void make_non_blocking(int fd) { (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

Input::Input(UniqueFd sink, AtLastEnd at_last_end)
    : sink_(std::move(sink)), at_last_end_(at_last_end) {
  make_non_blocking(sink_.get());
}

void Input::add_client(UniqueFd fd) {
  make_non_blocking(fd.get());
  sources_.push_back({std::move(fd), {}});
}

void Input::prepare(PollSet& polls) const {
  if (!is_open()) return;
  polls.want(sink_.get(), 0);
  for (const Source& source : sources_) {
    if (source.pending.empty()) {
      polls.want(source.fd.get(), POLLIN);
    } else {
      polls.want(sink_.get(), POLLOUT);
    }
  }
}

void Input::dispatch(const PollSet& polls) {
  if (!is_open()) return;
  const short sink_ready = polls.ready(sink_.get());
  bool has_ended = false;
  for (auto source = sources_.begin(); source != sources_.end() && is_open();) {
    bool is_over = false;
    if (source->pending.empty() && polls.ready(source->fd.get()) != 0)
      is_over = !read_from(*source);
    if (is_open() && !source->pending.empty()) write_pending(*source);
    has_ended = has_ended || is_over;
    source = is_over ? sources_.erase(source) : std::next(source);
  }
  if (has_ended && sources_.empty() && at_last_end_ == AtLastEnd::Close) close();
  // A pipe whose reader has gone, even if nobody writes to it just now. A pty's master says
  // POLLHUP while nobody has its other end open, which may pass.
  if (!is_open() || (sink_ready & POLLERR) != 0) close();
}

// false at the end of this client's input.
bool Input::read_from(Source& source) {
  std::array<char, kReadBytes> buffer;
  const ssize_t n = ::read(source.fd.get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) return false;
  source.pending.assign(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

void Input::write_pending(Source& source) {
  const ssize_t n = ::write(sink_.get(), source.pending.data(), source.pending.size());
  // The clients go when nobody walks along them: see dispatch().
  if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) return sink_.reset();
  if (n > 0) source.pending.erase(0, static_cast<std::size_t>(n));
  if (source.pending.empty()) source.pending.shrink_to_fit();
}

// Closing the clients' ends tells them, as it would tell a writer to the container's own pipe.
void Input::close() {
  sink_.reset();
  sources_.clear();
}

}  // namespace ambit::monitor
