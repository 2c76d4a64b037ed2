#include "spec/json_reader.h"

#include "spec/reference.h"

namespace ambit::spec {

using nlohmann::json;

namespace {

// No document of ours comes near; copying a value recurses once per level.
constexpr int kMaxDepth = 100;

bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if ((c == '[' || c == '{') && ++depth > kMaxDepth) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

}  // namespace

Result<json> JsonReader::parse(std::string_view text) const {
  if (is_too_deep(text)) return Error(ErrorCode::Corrupt, what_ + ": nested too deeply");
  json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return Error(ErrorCode::Corrupt, what_ + ": not JSON");
  if (!document.is_object()) return Error(ErrorCode::Corrupt, what_ + ": not a JSON object");
  return document;
}

void JsonReader::require(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (member(object, name).is_null()) wrong(name);
}

void JsonReader::wrong(const char* name) {
  if (wrong_.empty()) wrong_ = name;
}

Result<void> JsonReader::check() const {
  if (wrong_.empty()) return {};
  return Error(ErrorCode::Corrupt, what_ + ": the member '" + wrong_ + "' is wrong");
}

const json& JsonReader::member(const json& object, const char* name) {
  static const json kNull;
  if (object.is_null()) return kNull;
  if (!object.is_object()) {
    wrong(name);
    return kNull;
  }
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

// A NUL would cut the string short wherever it reaches the kernel.
std::string JsonReader::text(const json& value, const char* name) {
  const auto* string = value.get_ptr<const std::string*>();
  if (string != nullptr && string->find('\0') == std::string::npos) return *string;
  wrong(name);
  return "";
}

std::string JsonReader::string(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_null() ? "" : text(value, name);
}

std::uint64_t JsonReader::size(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return 0;
  const auto* number = value.get_ptr<const json::number_unsigned_t*>();
  if (number != nullptr) return *number;
  wrong(name);
  return 0;
}

bool JsonReader::boolean(const json& object, const char* name) {
  return optional_boolean(object, name).value_or(false);
}

std::optional<bool> JsonReader::optional_boolean(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) wrong(name);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> JsonReader::list(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_string()) return {text(value, name)};
  std::vector<std::string> items;
  for (const json& item : array(object, name)) items.push_back(text(item, name));
  return items;
}

std::vector<std::string> JsonReader::set(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return {};
  std::vector<std::string> keys;
  if (!value.is_object()) wrong(name);
  for (const auto& item : value.items()) keys.push_back(text(json(item.key()), name));
  return keys;
}

std::map<std::string, std::string> JsonReader::map(const json& object, const char* name) {
  const json& value = member(object, name);
  std::map<std::string, std::string> map;
  if (value.is_null()) return map;
  if (!value.is_object()) {
    wrong(name);
    return map;
  }
  for (const auto& item : value.items())
    map[text(json(item.key()), name)] = text(item.value(), name);
  return map;
}

const json::object_t& JsonReader::members(const json& object, const char* name) {
  static const json::object_t kNone;
  const json& value = member(object, name);
  if (value.is_null()) return kNone;
  const auto* found = value.get_ptr<const json::object_t*>();
  if (found == nullptr) {
    wrong(name);
    return kNone;
  }
  for (const auto& [key, ignored] : *found)
    if (key.find('\0') != std::string::npos) wrong(name);
  return *found;
}

const json::array_t& JsonReader::array(const json& object, const char* name) {
  static const json::array_t kNone;
  const json& value = member(object, name);
  if (value.is_null()) return kNone;
  const auto* items = value.get_ptr<const json::array_t*>();
  if (items != nullptr) return *items;
  wrong(name);
  return kNone;
}

std::string JsonReader::digest(const json& object, const char* name) {
  std::string value = string(object, name);
  if (!is_sha256_digest(value)) wrong(name);
  return value;
}

}  // namespace ambit::spec
