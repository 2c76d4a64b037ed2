#pragma once

#include <chrono>
#include <cstddef>

namespace ambit::monitor {

// When to read a stream again. A program that writes byte by byte would wake the monitor, and
// through it the client, for each: after a few small reads in close succession reading rests for
// kRest, while the pipe gathers. A prompt, a line, and whatever comes in large pieces do not wait.
class ReadPace {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kRest{1};
  static constexpr std::size_t kSmallBytes = 4096;
  static constexpr int kFreeReads = 8;

  bool is_resting(Clock::time_point now) const { return now < rest_until_; }
  Clock::time_point rest_until() const { return rest_until_; }

  void note_read(std::size_t bytes, Clock::time_point now);

 private:
  Clock::time_point rest_until_{};
  Clock::time_point streak_until_{};
  int streak_ = 0;
};

}  // namespace ambit::monitor
