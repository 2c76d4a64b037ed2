#pragma once

#include <cstddef>
#include <deque>

#include "systemd/journal_reader.h"

namespace ambit::cli {

// Keeps the last lines of what goes by, and little more: `logs --tail N --until TIME`, where the
// end is not the end of the journal. A line that is not complete counts.
class LastLines {
 public:
  explicit LastLines(std::size_t lines) : lines_(lines) {}

  void add(systemd::OutputPiece piece);

  // The pieces of the last lines, the first one cut where they begin.
  std::deque<systemd::OutputPiece> take();

 private:
  std::size_t lines_;
  std::size_t ends_ = 0;  // newlines in all pieces
  std::deque<systemd::OutputPiece> pieces_;
};

}  // namespace ambit::cli
