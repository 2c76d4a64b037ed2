#pragma once

#include <string>

#include "base/error.h"
#include "base/log.h"

namespace ambit::oci {

enum class LogFormat { Text, Json };

// Where failures are told besides standard error: what --log and --log-format say.
struct Log {
  std::string path;  // "": nowhere else
  LogFormat format = LogFormat::Text;
  bool is_debugging = false;
};

// Words the failure as callers of OCI runtimes look for it: podman tells a missing command from
// other errors by "executable file not found in $PATH".
std::string describe_failure(const Error& error);

// Errors: one line on standard error, and one appended to the log. Warnings and, with --debug,
// debug lines go to the log, or to standard error where there is none: that may be the container's
// own.
void write_log(const Log& log, LogLevel level, const std::string& message);

}  // namespace ambit::oci
