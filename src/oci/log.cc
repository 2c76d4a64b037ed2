#include "oci/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "oci/clock.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return "error";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Info:
      return "info";
    case LogLevel::Debug:
      return "debug";
  }
  return "error";
}

std::string format_line(LogFormat format, LogLevel level, const std::string& message) {
  const auto quoted = [](const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const std::string name = level_name(level);
  if (format == LogFormat::Json)
    return "{\"level\":\"" + name + "\",\"msg\":" + quoted(message) +
           ",\"time\":" + quoted(utc_now(Precision::Seconds)) + "}\n";
  return "time=" + quoted(utc_now(Precision::Seconds)) + " level=" + name +
         " msg=" + quoted(message) + "\n";
}

// Whether it could be written. A fifo that nobody reads is not waited for.
bool append(const std::string& path, const std::string& line) {
  auto file =
      os::open_at(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0600);
  return file && ::fcntl((*file).get(), F_SETFL, O_APPEND) == 0 &&
         os::write_all((*file).get(), line);
}

}  // namespace

std::string describe_failure(const Error& error) {
  if (error.code() == ErrorCode::CommandNotFound)
    return error.message() + ": executable file not found in $PATH";
  if (error.code() == ErrorCode::CommandNotExecutable && error.sys_errno() != EACCES)
    return error.message() + ": Permission denied";
  return error.message();
}

void write_log(const Log& log, LogLevel level, const std::string& message) {
  const bool is_debug = level == LogLevel::Debug;
  const bool is_error = level == LogLevel::Error;
  if (is_debug && !log.is_debugging) return;
  const std::string line = format_line(log.format, level, message);
  if (is_debug && log.path.empty()) (void)!::write(STDERR_FILENO, line.data(), line.size());
  if (is_error || (!is_debug && log.path.empty()))
    std::fprintf(stderr, "ambit-oci: %s%s\n", is_error ? "" : "warning: ", message.c_str());
  // The failure has been told on standard error; that it can't be told here as well goes with it.
  if (!log.path.empty() && !append(log.path, line))
    std::fprintf(stderr, "ambit-oci: log %s can't be written\n", log.path.c_str());
}

}  // namespace ambit::oci
