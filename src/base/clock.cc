#include "base/clock.h"

#include <ctime>

namespace ambit {

std::int64_t now_usec() noexcept {
  timespec now = {};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace ambit
