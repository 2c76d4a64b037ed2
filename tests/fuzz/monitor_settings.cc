// What ambitd hands to the monitor.

#include "spec/monitor_settings.h"

#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {
namespace {

void try_image(std::string_view image) {
  const auto settings =
      spec::parse_monitor_settings(spec::write_monitor_settings({.image = std::string(image)}));
  if (!settings) fail("settings with any name of an image are parsed");
  expect_same(image, (*settings).image, "the name of an image is kept");
}

}  // namespace

void try_input(std::string_view input) {
  try_image(input);
  const auto settings = spec::parse_monitor_settings(input);
  if (!settings) return;
  const std::string text = spec::write_monitor_settings(*settings);
  const auto again = spec::parse_monitor_settings(text);
  if (!again) fail("settings that were written are parsed");
  expect_same(text, spec::write_monitor_settings(*again), "settings keep their content");
}

}  // namespace ambit::fuzz
