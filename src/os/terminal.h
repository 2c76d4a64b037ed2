#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>

#include "base/result.h"

namespace ambit::os {

struct TerminalSize {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
};

// Of the terminal on standard output, input or error, the first that is one; nothing where none is,
// or where it doesn't know.
std::optional<TerminalSize> terminal_size();

// Puts the terminal on `fd` into raw mode, and back when it goes away.
class RawMode {
 public:
  static Result<RawMode> enter(int fd);

  RawMode() = default;
  RawMode(RawMode&& other) noexcept;
  RawMode& operator=(RawMode&& other) noexcept;
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode() { restore(); }

  void restore() noexcept;

 private:
  int fd_ = -1;
  termios saved_{};
};

}  // namespace ambit::os
