#include "monitor/poll_set.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace ambit::monitor {
namespace {

timespec time_until(PollSet::Clock::time_point when) {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  const auto left = std::max(when - PollSet::Clock::now(), PollSet::Clock::duration::zero());
  const auto whole = duration_cast<seconds>(left);
  return {static_cast<time_t>(whole.count()),
          static_cast<long>(duration_cast<nanoseconds>(left - whole).count())};
}

}  // namespace

void PollSet::clear() {
  fds_.clear();
  wake_at_.reset();
}

void PollSet::want(int fd, short events) {
  if (fd < 0) return;
  for (pollfd& entry : fds_) {
    if (entry.fd != fd) continue;
    entry.events = static_cast<short>(entry.events | events);
    return;
  }
  fds_.push_back({fd, events, 0});
}

void PollSet::wake_at(std::optional<Clock::time_point> when) {
  if (when && (!wake_at_ || *when < *wake_at_)) wake_at_ = when;
}

Result<void> PollSet::wait() {
  for (pollfd& entry : fds_) entry.revents = 0;
  timespec timeout = {};
  if (wake_at_) timeout = time_until(*wake_at_);
  if (::ppoll(fds_.data(), fds_.size(), wake_at_ ? &timeout : nullptr, nullptr) >= 0) return {};
  if (errno == EINTR) return {};
  return Error::from_errno(errno, "ppoll");
}

short PollSet::ready(int fd) const {
  for (const pollfd& entry : fds_)
    if (entry.fd == fd) return entry.revents;
  return 0;
}

}  // namespace ambit::monitor
