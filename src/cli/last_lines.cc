#include "cli/last_lines.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ambit::cli {
namespace {

std::size_t count_ends(std::string_view bytes) {
  return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

}  // namespace

void LastLines::add(systemd::OutputPiece piece) {
  ends_ += count_ends(piece.bytes);
  pieces_.push_back(std::move(piece));
  // The end of the line before the first wanted one is needed to tell where that begins.
  while (ends_ - count_ends(pieces_.front().bytes) > lines_) {
    ends_ -= count_ends(pieces_.front().bytes);
    pieces_.pop_front();
  }
}

std::deque<systemd::OutputPiece> LastLines::take() {
  std::size_t wanted = lines_;
  // The last line's own end is no beginning of a further one.
  bool at_end = true;
  for (std::size_t i = pieces_.size(); i-- > 0;) {
    std::string& bytes = pieces_[i].bytes;
    for (std::size_t at = bytes.size(); at-- > 0; at_end = false) {
      if (wanted > 0 && (at_end || bytes[at] != '\n')) continue;
      if (wanted > 1) {
        --wanted;
        continue;
      }
      bytes.erase(0, at + 1);
      pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(i));
      return std::exchange(pieces_, {});
    }
  }
  return std::exchange(pieces_, {});
}

}  // namespace ambit::cli
