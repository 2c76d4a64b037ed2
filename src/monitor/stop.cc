#include "monitor/stop.h"

namespace ambit::monitor {
namespace {

// Longer ones are "never": the clock's own range is not to be left.
constexpr std::uint64_t kForeverUsec = 100ULL * 365 * 24 * 3600 * 1'000'000;

}  // namespace

void Stop::change(int signal, std::int64_t timeout_usec) {
  if (signal > 0) signal_ = signal;
  if (timeout_usec >= 0) timeout_usec_ = static_cast<std::uint64_t>(timeout_usec);
}

bool Stop::begin(std::int64_t timeout_usec, Clock::time_point now) {
  const std::uint64_t patience =
      timeout_usec >= 0 ? static_cast<std::uint64_t>(timeout_usec) : timeout_usec_;
  if (patience < kForeverUsec) {
    const Clock::time_point end = now + std::chrono::microseconds(patience);
    if (!deadline_ || end < *deadline_) deadline_ = end;
  }
  const bool is_first = !has_begun_;
  has_begun_ = true;
  return is_first;
}

bool Stop::take_expiry(Clock::time_point now) {
  if (!deadline_ || now < *deadline_) return false;
  deadline_.reset();
  return true;
}

}  // namespace ambit::monitor
