#include "cli/json_text.h"

namespace ambit::cli {

std::string show_json(const Json& json) {
  return json.dump(4, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

Result<Json> parse_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Error(ErrorCode::Corrupt, "ambitd's answer is no JSON");
  return json;
}

}  // namespace ambit::cli
