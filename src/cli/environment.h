#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::cli {

// `-e KEY=VALUE`, or `-e KEY` for the caller's value; a KEY the caller has not is left out, so that
// the image's own value stays. InvalidArgument where the key is empty.
Result<void> add_environment(std::string_view text, std::vector<std::string>& environment);

// A file of such lines; empty ones and those that begin with "#" are skipped, blanks before a key
// too. A value is taken as it is, quotes included. Errors name file and line.
Result<void> add_environment_file(const std::string& path, std::vector<std::string>& environment);

// `-l KEY=VALUE`, or KEY for an empty value.
Result<void> add_label(std::string_view text, std::map<std::string, std::string>& labels);

}  // namespace ambit::cli
