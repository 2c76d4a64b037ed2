#pragma once

#include <algorithm>
#include <chrono>

namespace ambit::monitor {

// How many records a container may send to the journal. journald's rate limit, 10000 records in
// 30 s by default, is one for all units of a user, and it drops what is above it: what one
// container sends is missing for the others. So each has two allowances, which fill up with time:
//
//   plentiful  a record for each line. 1000 at once, 10 a second; when it is used up, lines share
//              records until there are 100 again
//   any        1500 records at once, 50 a second, however large. Without any the container has to
//              wait, as for a reader that is slow
//
// Seven containers that begin to print without end in the same half minute stay below the limit,
// and thirty that go on doing so.
class LogBudget {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr double kFreeRecords = 1000;
  static constexpr double kFreePerSecond = 10;
  static constexpr double kEnough = 100;
  static constexpr double kMostRecords = 1500;
  static constexpr double kMostPerSecond = 50;

  // Journal: as above. None: of a log that is the container's own, there is always enough.
  enum class Limit { Journal, None };

  explicit LogBudget(Limit limit = Limit::Journal) : limit_(limit) {}

  void refill(Clock::time_point now) {
    const double seconds =
        last_ == Clock::time_point() ? 0 : std::chrono::duration<double>(now - last_).count();
    last_ = now;
    free_ = std::min(kFreeRecords, free_ + seconds * kFreePerSecond);
    most_ = std::min(kMostRecords, most_ + seconds * kMostPerSecond);
    if (free_ >= kEnough) is_plentiful_ = true;
  }

  void take() {
    if (limit_ == Limit::None) return;
    // Records that share lines cost nothing of what they are there to save.
    if (is_plentiful_) free_ -= 1;
    most_ -= 1;
    if (free_ < 1) is_plentiful_ = false;
  }

  bool is_plentiful() const { return is_plentiful_; }
  bool has_any() const { return most_ >= 1; }
  // When has_any() is true again.
  Clock::time_point any_at() const {
    const std::chrono::duration<double> wait((1 - most_) / kMostPerSecond);
    return last_ + std::chrono::ceil<std::chrono::milliseconds>(wait);
  }

 private:
  Limit limit_;
  double free_ = kFreeRecords;
  double most_ = kMostRecords;
  bool is_plentiful_ = true;
  Clock::time_point last_{};
};

}  // namespace ambit::monitor
