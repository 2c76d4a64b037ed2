#include "cli/list_format.h"

namespace ambit::cli {

Result<ListFormat> parse_list_format(const std::optional<std::string>& text) {
  if (!text || *text == "table") return ListFormat::ForPeople;
  if (*text == "json" || *text == "{{json .}}") return ListFormat::ForMachines;
  return Error(ErrorCode::InvalidArgument, "--format '" + *text + "': it is table or json");
}

}  // namespace ambit::cli
