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

Result<std::vector<std::string>> parse_json_words(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> words;
  if (json.is_array())
    for (const auto& word : json) {
      if (!word.is_string()) break;
      words.push_back(word.get<std::string>());
    }
  if (!json.is_array() || words.size() != json.size())
    return Error(ErrorCode::InvalidArgument, "not a JSON list of strings");
  return words;
}

}  // namespace ambit::cli
