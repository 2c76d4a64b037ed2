// "NAME=VALUE" of a unit's property, as people and drop-ins have it.

#include "systemd/unit_property.h"

#include <string>

#include "base/strings.h"
#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  const auto properties = systemd::parse_properties(split(input, '\n'));
  if (!properties) return;
  const auto lines = systemd::property_lines(*properties);
  for (const std::string& line : lines)
    if (line.find('\n') != std::string::npos) fail("a property is one line");
  const auto again = systemd::parse_properties(lines);
  if (!again) fail("what was written is a property");
  expect_same(join(lines, "\n"), join(systemd::property_lines(*again), "\n"),
              "a property keeps its content");
}

}  // namespace ambit::fuzz
