#pragma once

#include <string_view>

// What the fuzzers have in common. Each is a file that defines try_input(); entry.cc calls it for
// libFuzzer. A fuzzer fails by a finding of a sanitizer, by running out of memory or time, or by
// fail() and expect_same(), which end the process.
namespace ambit::fuzz {

// Runs the parser over one input and holds what came out against what its header promises.
void try_input(std::string_view input);

// A promise was broken: `what` names it.
[[noreturn]] void fail(const char* what);

// For what was written, parsed and written again.
void expect_same(std::string_view first, std::string_view second, const char* what);

}  // namespace ambit::fuzz
