#pragma once

#include <cstdint>

namespace ambit {

// CLOCK_REALTIME, µs since 1970: for what people and other programs see.
std::int64_t now_usec() noexcept;

}  // namespace ambit
