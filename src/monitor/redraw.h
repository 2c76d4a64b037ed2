#pragma once

#include <sys/ioctl.h>

#include <chrono>
#include <optional>

#include "base/result.h"

namespace ambit::monitor {

// The size of a container's terminal, and how its program is made to draw its screen anew for
// whoever has attached. The kernel says SIGWINCH for a size that differs from the one before, and
// for no other reason (tty_ioctl(4)); a program that handles it looks at the size and may do
// nothing where that is as it was. So the terminal has another size for kPause, long enough for
// the program to see it, and then its own.
class Redraw {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kPause{60};

  // `terminal_fd` is the master. A failure shows in an old screen and in nothing else.
  void begin(int terminal_fd, Clock::time_point now);

  // When on_deadline() is to be called; nothing while the size is the right one.
  std::optional<Clock::time_point> deadline() const { return deadline_; }
  void on_deadline(int terminal_fd, Clock::time_point now);

  // Sets the size; during a redraw it is the one that follows.
  Result<void> resize(int terminal_fd, unsigned short rows, unsigned short columns);

 private:
  winsize size_ = {};  // the right one, during a redraw
  std::optional<Clock::time_point> deadline_;
};

}  // namespace ambit::monitor
