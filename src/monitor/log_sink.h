#pragma once

#include <cstddef>
#include <string_view>

namespace ambit::monitor {

// A record of a container's output, as LogStream cuts them.
struct LogRecord {
  // Line: bytes and a newline, or several lines whose last newline is left out. Part: of a line
  // that is too long or not complete yet; LastPart: with the newline at its end.
  enum class Kind { Line, Part, LastPart };

  const char* stream = "stdout";
  int priority = 6;  // of syslog(3)
  Kind kind = Kind::Line;
  std::string_view bytes;
  std::string_view line_id;  // of the line that it is a part of
  int ordinal = 0;           // of the part, from 1
};

// Where a container's output is kept: journal_log.h and file_log.h. Nothing here blocks.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  // False: whoever produces records has to wait.
  virtual bool has_room() const = 0;
  virtual void add(const LogRecord& record) = 0;
  // No record is under way: memory may go back.
  virtual void rest() {}
};

}  // namespace ambit::monitor
