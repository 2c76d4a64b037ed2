#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/fuzz.h"

namespace ambit::fuzz {

void fail(const char* what) {
  (void)std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void expect_same(std::string_view first, std::string_view second, const char* what) {
  if (first == second) return;
  (void)std::fprintf(stderr, "first:  %s\nsecond: %s\n", std::string(first).c_str(),
                     std::string(second).c_str());
  fail(what);
}

}  // namespace ambit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ambit::fuzz::try_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
