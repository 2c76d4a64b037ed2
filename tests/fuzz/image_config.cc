// An image's configuration, and the signal in it.

#include "spec/image_config.h"

#include "base/signals.h"
#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const auto config = spec::parse_image_config(input);
  if (!config) return;
  if (const auto signal = parse_signal((*config).stop_signal))
    if (*signal < 1 || *signal > 64) fail("a signal is one of the kernel's");
  const std::string text = spec::write_image_config(*config);
  const auto again = spec::parse_image_config(text);
  if (!again) fail("what was written is parsed");
  expect_same(text, spec::write_image_config(*again), "the configuration keeps its content");
}

}  // namespace ambit::fuzz
