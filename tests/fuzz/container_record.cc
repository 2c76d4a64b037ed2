// record.json and run.json of a container: each reads the same input.

#include "spec/container_record.h"

#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {
namespace {

void try_record(std::string_view input) {
  const auto record = spec::parse_container_record(input);
  if (!record) return;
  const std::string text = spec::write_container_record(*record);
  const auto again = spec::parse_container_record(text);
  if (!again) fail("a record that was written is parsed");
  expect_same(text, spec::write_container_record(*again), "a record keeps its content");
}

void try_run(std::string_view input) {
  const auto run = spec::parse_run_record(input);
  if (!run) return;
  const std::string text = spec::write_run_record(*run);
  const auto again = spec::parse_run_record(text);
  if (!again) fail("a run's record that was written is parsed");
  expect_same(text, spec::write_run_record(*again), "a run's record keeps its content");
}

}  // namespace

void try_input(std::string_view input) {
  try_record(input);
  try_run(input);
}

}  // namespace ambit::fuzz
