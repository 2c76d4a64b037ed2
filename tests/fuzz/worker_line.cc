// What ambitd reads of a worker that may have been taken over by an image: lines, and in them
// image records.

#include <algorithm>
#include <string>

#include "fuzz/fuzz.h"
#include "image/worker_call.h"

namespace ambit::fuzz {
namespace {

std::string write(const image::WorkerLine& line) {
  return std::visit([](const auto& content) { return image::write_line(content); }, line);
}

void try_line(std::string_view input) {
  const auto line = image::parse_worker_line(input);
  if (!line) return;
  const std::string text = write(*line);
  const auto again = image::parse_worker_line(text);
  if (!again) fail("a line that was written is parsed");
  expect_same(text, write(*again), "a line keeps its content");
}

// As a pipe gives it: in pieces.
void try_output(std::string_view input) {
  constexpr std::size_t kPiece = 7;
  image::WorkerOutput output;
  while (!input.empty()) {
    const std::size_t length = std::min(input.size(), kPiece);
    if (!output.feed(input.substr(0, length))) return;
    input.remove_prefix(length);
  }
  (void)std::move(output).finish();
}

}  // namespace

void try_input(std::string_view input) {
  try_line(input);
  try_output(input);
}

}  // namespace ambit::fuzz
