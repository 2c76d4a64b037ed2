#pragma once

#include <chrono>
#include <cstdint>

namespace ambit::monitor {

// µs since 1970, as messages and records have it.
inline std::int64_t wall_clock_usec() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace ambit::monitor
