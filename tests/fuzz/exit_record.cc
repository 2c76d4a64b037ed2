// exit.json of a container.

#include "spec/exit_record.h"

#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const auto record = spec::parse_exit_record(input);
  if (!record) return;
  // Its writer knows only words of ours.
  spec::ExitRecord ours = *record;
  ours.boot_id = "00000000000000000000000000000000";
  ours.reason = "exited";
  const std::string text = spec::write_exit_record(ours);
  const auto again = spec::parse_exit_record(text);
  if (!again) fail("a record that was written is parsed");
  expect_same(text, spec::write_exit_record(*again), "a record keeps its content");
}

}  // namespace ambit::fuzz
