#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What `--format json` prints. docs/formats.md lists the members.
namespace ambit::cli {

using Json = nlohmann::ordered_json;

// Indented, with a newline at the end; bytes that are not UTF-8 become U+FFFD.
std::string show_json(const Json& json);

// A value of Inspect. Corrupt where it is no JSON.
Result<Json> parse_json(std::string_view text);

// A list of texts as somebody typed it, ["sh", "-c"]. InvalidArgument where it is anything else.
Result<std::vector<std::string>> parse_json_words(std::string_view text);

}  // namespace ambit::cli
