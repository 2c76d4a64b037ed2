#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ambit::cli {

// Writes to standard output at once. A reader that has gone away is not our failure: the program
// ends quietly with the code of SIGPIPE (141), as every filter does.
void print(std::string_view text);

// "ambit: MESSAGE" on standard error, one write.
[[gnu::format(printf, 1, 2)]] void print_error(const char* format, ...);
void print_error(const Error& error);

// Whether standard output is a terminal that shows UTF-8.
bool stdout_shows_unicode();

}  // namespace ambit::cli
