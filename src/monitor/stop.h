#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "monitor/poll_set.h"

namespace ambit::monitor {

// The clock of a container's stop: which signal begins it, and when patience ends.
class Stop {
 public:
  using Clock = PollSet::Clock;

  Stop(int signal, std::uint64_t timeout_usec) : signal_(signal), timeout_usec_(timeout_usec) {}

  int signal() const { return signal_; }
  bool has_begun() const { return has_begun_; }

  // Another signal or timeout for a stop that has not begun; 0 and -1 keep what is there.
  void change(int signal, std::int64_t timeout_usec);

  // Begins a stop with `timeout_usec`, -1 for the container's own. Idempotent: one that is under
  // way ends earlier where the new timeout does, never later. True the first time.
  bool begin(std::int64_t timeout_usec, Clock::time_point now);

  // When the container is to be killed; none before begin(), without a limit, and once it is done.
  std::optional<Clock::time_point> deadline() const { return deadline_; }
  // True once, when patience has ended.
  bool take_expiry(Clock::time_point now);

 private:
  int signal_;
  std::uint64_t timeout_usec_;
  bool has_begun_ = false;
  std::optional<Clock::time_point> deadline_;
};

}  // namespace ambit::monitor
