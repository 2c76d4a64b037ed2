#include "monitor/redraw.h"

#include <cerrno>

namespace ambit::monitor {

void Redraw::begin(int terminal_fd, Clock::time_point now) {
  // Another client that attaches meanwhile sees the same redraw.
  if (deadline_ || ::ioctl(terminal_fd, TIOCGWINSZ, &size_) < 0) return;
  winsize other = size_;
  // A row less: a program draws nothing outside the screen that its client has. Of a terminal
  // without a size, or of one row, a row more.
  other.ws_row =
      static_cast<unsigned short>(size_.ws_row > 1 ? size_.ws_row - 1 : size_.ws_row + 1);
  if (::ioctl(terminal_fd, TIOCSWINSZ, &other) == 0) deadline_ = now + kPause;
}

void Redraw::on_deadline(int terminal_fd, Clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  (void)::ioctl(terminal_fd, TIOCSWINSZ, &size_);
}

Result<void> Redraw::resize(int terminal_fd, unsigned short rows, unsigned short columns) {
  winsize size = {};
  size.ws_row = rows;
  size.ws_col = columns;
  if (deadline_) {
    size_ = size;
    return {};
  }
  if (::ioctl(terminal_fd, TIOCSWINSZ, &size) < 0) return Error::from_errno(errno, "TIOCSWINSZ");
  return {};
}

}  // namespace ambit::monitor
