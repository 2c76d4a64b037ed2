#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit {

// A signal by name or number, as people and images write it: "TERM", "SIGTERM", "sigterm", "15",
// "RTMIN+3", "SIGRTMAX-1". InvalidArgument names the text. Numbers are those of the kernel's ABI,
// so RTMIN is 34 as glibc has it, on every libc.
Result<int> parse_signal(std::string_view text);

// "SIGTERM", "SIGRTMIN+3"; "signal 99" for what has no name.
std::string signal_name(int signal);

}  // namespace ambit
