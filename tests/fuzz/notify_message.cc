// What a container says over its NOTIFY_SOCKET.

#include "spec/notify_message.h"

#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const spec::NotifyMessage message = spec::parse_notify_message(input);
  if (message.status && (*message.status).size() > spec::kMaxStatusBytes)
    fail("a status is of bounded length");
  const std::string text = spec::write_notify_message(message);
  if (text.empty() != message.empty()) fail("what means nothing is not passed on");
  if (spec::write_notify_message(spec::parse_notify_message(text)) != text)
    fail("what was written reads back the same");
}

}  // namespace ambit::fuzz
