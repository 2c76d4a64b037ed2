// Messages of a child to the process that made it.

#include <string>

#include "fuzz/fuzz.h"
#include "sandbox/channel.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const std::string bytes(input);
  const auto message = sandbox::parse_child_message(bytes);
  if (message)
    expect_same(bytes, sandbox::write_child_message(*message), "a message keeps its bytes");
  const auto again = sandbox::parse_child_message(
      sandbox::write_child_message({.word = sandbox::ChildWord::Failed, .text = bytes}));
  if (!again) fail("a message that was written is parsed");
  expect_same(bytes, (*again).text, "a message keeps its text");
}

}  // namespace ambit::fuzz
