#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// When a request that failed is worth another attempt, and when.
namespace ambit::registry {

enum class Verdict {
  Retry,   // cut, timed out, 5xx, 408, 429: another attempt may do better
  Refuse,  // everything else: it would not
};

Verdict judge_status(long http_status);
// `curl_code` is a CURLcode.
Verdict judge_transport(int curl_code);

// Before attempt `next` (2 is the second): `first`, doubled for each further one, half a minute at
// most. A server's Retry-After goes first, in seconds or as a
// date; one that is longer than five minutes counts as five. `now_sec` is since 1970.
std::chrono::milliseconds delay_before(unsigned next, std::chrono::milliseconds first,
                                       std::string_view retry_after, std::int64_t now_sec);

}  // namespace ambit::registry
