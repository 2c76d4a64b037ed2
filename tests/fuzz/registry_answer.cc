// What registries answer beside blobs: challenges, tokens, errors; and what ambit-fetch and the
// worker say to each other.

#include "fuzz/fuzz.h"
#include "image/fetch_message.h"
#include "registry/challenge.h"
#include "registry/retry.h"
#include "registry/token.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const registry::Place place{.endpoint = {.host = "r.io", .repository = "a/b"}};
  for (const registry::Challenge& challenge : registry::parse_challenges(input)) {
    const auto request = registry::token_request(place, challenge);
    if (request && !(*request).url.starts_with("https://")) fail("a token is asked for over TLS");
  }
  const auto token = registry::parse_token(input);
  if (token && (*token).find_first_of("\r\n") != std::string::npos) fail("a token is one line");
  if (registry::error_detail(input).find('\n') != std::string::npos) fail("a detail is one line");
  const auto delay = registry::delay_before(2, std::chrono::milliseconds(1), input, 0);
  if (delay.count() < 0 || delay > std::chrono::minutes(5)) fail("a delay is five minutes at most");
  (void)image::parse_fetch_request(input);
  (void)image::parse_fetch_answer(input);
}

}  // namespace ambit::fuzz
