#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace ambit::cli {

enum class ListFormat { ForPeople, ForMachines };

// `--format`: "table" (default) or "json", also docker's spelling "{{json .}}".
Result<ListFormat> parse_list_format(const std::optional<std::string>& text);

}  // namespace ambit::cli
