#pragma once

#include <string_view>

namespace ambit {

// Levels as syslog and the journal number them.
enum class LogLevel { Error = 3, Warning = 4, Info = 6, Debug = 7 };

// One line on standard error, prefixed "<N>" so that the journal keeps its level (sd-daemon(3)).
// Debug lines appear only where AMBIT_DEBUG is set. Only the programs log (daemon, monitor,
// worker); libraries return errors.
[[gnu::format(printf, 2, 3)]] void log(LogLevel level, const char* format, ...) noexcept;

}  // namespace ambit
