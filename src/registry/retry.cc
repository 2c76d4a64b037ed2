#include "registry/retry.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/strings.h"

namespace ambit::registry {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::minutes(5);
constexpr milliseconds kLongestBackOff = std::chrono::seconds(30);
constexpr unsigned kMaxDoublings = 16;

std::optional<milliseconds> asked_for(std::string_view retry_after, std::int64_t now_sec) {
  if (retry_after.empty()) return std::nullopt;
  const std::string text(trim(retry_after));
  std::int64_t seconds = 0;
  if (const auto number = parse_int(text); number) {
    seconds = *number;
  } else if (const std::time_t date = ::curl_getdate(text.c_str(), nullptr); date >= 0) {
    seconds = date - now_sec;
  } else {
    return std::nullopt;
  }
  const std::int64_t most = std::chrono::duration_cast<std::chrono::seconds>(kLongest).count();
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most));
}

}  // namespace

Verdict judge_status(long http_status) {
  constexpr long kRequestTimeout = 408;
  constexpr long kTooManyRequests = 429;
  const bool again =
      http_status == kRequestTimeout || http_status == kTooManyRequests || http_status / 100 == 5;
  return again ? Verdict::Retry : Verdict::Refuse;
}

Verdict judge_transport(int curl_code) {
  switch (curl_code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_AGAIN:
      return Verdict::Retry;
    default:
      return Verdict::Refuse;
  }
}

milliseconds delay_before(unsigned next, milliseconds first, std::string_view retry_after,
                          std::int64_t now_sec) {
  if (const auto asked = asked_for(retry_after, now_sec)) return *asked;
  const unsigned doublings = std::min(next < 2 ? 0 : next - 2, kMaxDoublings);
  return std::min(first * (1U << doublings), kLongestBackOff);
}

}  // namespace ambit::registry
