#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The lines of a container's log file, one for each record of output. It is the format that
// Kubernetes' container runtimes write and log shippers read:
//
//   2026-11-25T15:52:01.123456Z stdout F what it has written
//
// time (UTC, µs), stream, then F or P, then the bytes as they were: any bytes but the newline,
// which ends the record. A record F is a line, or the last part of one; a record P is a part of a
// line that goes on in the next record of that stream, or does not end at all. So a newline stands
// behind the bytes of an F and of nothing else, and the bytes of all records of a stream, put
// together so, are the identical bytes.
//
// The streams are "stdout" (a terminal's as well) and "stderr"; a line of "note" is the monitor's,
// for people, where output is missing.
namespace ambit::spec {

constexpr char kLogFileSuffix[] = ".log";  // 1.log, 2.log, ...: the highest is the newest

enum class LogPart { Line, Part };

struct LogLine {
  std::int64_t realtime_usec = 0;  // since 1970
  std::string_view stream;
  LogPart part = LogPart::Line;
  std::string_view bytes;  // without the newline
};

// Appends the record with its newline. There must be none in the bytes.
void append_log_line(std::string& out, const LogLine& line);

// `text` without its newline; views of it. Nothing where it is no such record, as a power cut may
// leave it.
std::optional<LogLine> parse_log_line(std::string_view text);

// "17.log" is 17; nothing for other names. No file has the number 0.
std::optional<std::uint64_t> log_file_number(std::string_view name);
std::string log_file_name(std::uint64_t number);

}  // namespace ambit::spec
