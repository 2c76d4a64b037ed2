#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::cli {

// Opens an archive, or a folder, to hand it over; "-" is standard input, which must not be a
// terminal.
Result<UniqueFd> open_source(const std::string& path);

}  // namespace ambit::cli
