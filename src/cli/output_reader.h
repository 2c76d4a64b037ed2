#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "systemd/journal_reader.h"

namespace ambit::cli {

// A container's output as it was kept, oldest first, wherever that is: log_source.h and
// log_file_reader.h.
class OutputReader {
 public:
  // What to wait for while following: `events` of poll(2) at `fd`, or the timeout, then process().
  struct Watch {
    int fd = -1;
    int events = 0;
    std::optional<std::chrono::microseconds> timeout;
  };

  OutputReader() = default;
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;
  virtual ~OutputReader() = default;

  // Where to begin; the beginning, unless one of these was called. Of a time: there or before it.
  virtual Result<void> seek_time(std::int64_t realtime_usec) = 0;
  // With the last `lines` lines; 0: with what comes from now on.
  virtual Result<void> seek_last_lines(std::size_t lines) = 0;

  // The next piece; nothing at the end. After it more may come.
  virtual Result<std::optional<systemd::OutputPiece>> next() = 0;

  virtual Result<Watch> watch() = 0;
  // True where next() may have something new.
  virtual Result<bool> process() = 0;
};

}  // namespace ambit::cli
