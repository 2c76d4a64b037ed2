#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

#include "base/result.h"

namespace ambit::monitor {

// What one round of the monitor's loop waits for. It is filled anew before each wait, from the
// state of things at that moment, so that back-pressure is a descriptor that is left out, and no
// registration can outlive its reason.
class PollSet {
 public:
  using Clock = std::chrono::steady_clock;

  void clear();

  // Events of a descriptor wanted twice are merged. 0 waits for POLLERR and POLLHUP alone. A
  // negative fd is ignored.
  void want(int fd, short events);
  void wake_at(std::optional<Clock::time_point> when);

  // Until an event or the earliest wake_at().
  Result<void> wait();

  // What wait() found; 0 too for descriptors that nobody wanted.
  short ready(int fd) const;

 private:
  std::vector<pollfd> fds_;
  std::optional<Clock::time_point> wake_at_;
};

}  // namespace ambit::monitor
