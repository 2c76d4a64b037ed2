// Messages between ambitd and the monitor.

#include "spec/monitor_message.h"

#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const auto message = spec::parse_monitor_message(input);
  if (message)
    expect_same(input, spec::write_monitor_message(*message), "a message keeps its bytes");
  const std::string text = spec::write_monitor_message({.text = std::string(input)});
  const auto again = spec::parse_monitor_message(text);
  if (!again) fail("a message that was written is parsed");
  expect_same(input, (*again).text, "a message keeps its text");
}

}  // namespace ambit::fuzz
