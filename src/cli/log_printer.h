#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::cli {

// Writes a container's output as it was: standard error's to standard error, everything else to
// standard output, byte for byte; what
// is missing of it is told on standard error; with timestamps, one before each line.
class LogPrinter {
 public:
  enum class Timestamps { None, EachLine };

  // The descriptors are borrowed.
  LogPrinter(int stdout_fd, int stderr_fd, Timestamps timestamps);

  // What is written may wait for flush(). Io (EPIPE) where the reader is gone.
  Result<void> add(std::string_view bytes, std::string_view stream, std::int64_t realtime_usec);
  Result<void> flush();

 private:
  struct Sink {
    int fd;
    bool at_line_start = true;
  };

  void add_lines(Sink& sink, std::string_view bytes, std::int64_t realtime_usec);

  Sink output_;
  Sink errors_;
  Sink* current_ = nullptr;  // whose bytes wait
  Timestamps timestamps_;
  std::string pending_;
};

}  // namespace ambit::cli
