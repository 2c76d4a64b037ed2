#include "os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ambit::os {

std::optional<TerminalSize> terminal_size() {
  for (const int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
      return TerminalSize{.rows = size.ws_row, .columns = size.ws_col};
  }
  return std::nullopt;
}

Result<RawMode> RawMode::enter(int fd) {
  RawMode mode;
  if (::tcgetattr(fd, &mode.saved_) != 0)
    return Error::from_errno(errno, "reading the terminal's mode");
  termios raw = mode.saved_;
  ::cfmakeraw(&raw);
  // TCSADRAIN: what was typed ahead is for the container.
  if (::tcsetattr(fd, TCSADRAIN, &raw) != 0)
    return Error::from_errno(errno, "setting the terminal's mode");
  mode.fd_ = fd;
  return mode;
}

RawMode::RawMode(RawMode&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), saved_(other.saved_) {}

RawMode& RawMode::operator=(RawMode&& other) noexcept {
  restore();
  fd_ = std::exchange(other.fd_, -1);
  saved_ = other.saved_;
  return *this;
}

void RawMode::restore() noexcept {
  // Nothing helps where the terminal is gone.
  if (fd_ >= 0) (void)::tcsetattr(fd_, TCSADRAIN, &saved_);
  fd_ = -1;
}

}  // namespace ambit::os
