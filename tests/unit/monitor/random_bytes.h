#pragma once

#include <random>
#include <string>

namespace ambit::test {

// Bytes that a relay may get wrong: NUL, empty lines, carriage returns, invalid UTF-8, lines longer
// than a record, no newline at the end. The same for the same seed.
inline std::string random_bytes(unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) {
    const bool is_long_line = i / 70'000 % 2 == 1;
    const auto pick = random() % 12;
    if (pick == 0 && !is_long_line) {
      bytes += '\n';
    } else if (pick == 1) {
      bytes += '\0';
    } else if (pick == 2) {
      bytes += '\r';
    } else {
      const char c = static_cast<char>(random() % 256);
      bytes += is_long_line && c == '\n' ? 'n' : c;
    }
  }
  return bytes + "unfinished";
}

}  // namespace ambit::test
