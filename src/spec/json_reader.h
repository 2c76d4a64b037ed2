#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::spec {

// Reads members of JSON that others wrote. A member that is missing or null is empty (docker writes
// null for what is empty); one of another type, or a string with a NUL, is remembered, and check()
// tells the first. So a parser is a list of assignments with one check at its end.
class JsonReader {
 public:
  // `what` names the document in errors: "image manifest".
  explicit JsonReader(std::string what) : what_(std::move(what)) {}

  // Parses a whole document, which must be an object: Corrupt otherwise.
  Result<nlohmann::json> parse(std::string_view text) const;

  // Null where it is missing.
  const nlohmann::json& member(const nlohmann::json& object, const char* name);

  std::string string(const nlohmann::json& object, const char* name);
  std::uint64_t size(const nlohmann::json& object, const char* name);
  bool boolean(const nlohmann::json& object, const char* name);
  std::optional<bool> optional_boolean(const nlohmann::json& object, const char* name);
  // A whole number that T holds; 0 where it is missing.
  template <typename T>
  T number(const nlohmann::json& object, const char* name) {
    return integer<T>(member(object, name), name);
  }
  template <typename T>
  std::optional<T> optional_number(const nlohmann::json& object, const char* name) {
    const nlohmann::json& value = member(object, name);
    if (value.is_null()) return std::nullopt;
    return integer<T>(value, name);
  }
  template <typename T>
  std::vector<T> numbers(const nlohmann::json& object, const char* name) {
    std::vector<T> items;
    for (const nlohmann::json& item : array(object, name)) items.push_back(integer<T>(item, name));
    return items;
  }
  // A lone string counts as a list of one, as docker reads it.
  std::vector<std::string> list(const nlohmann::json& object, const char* name);
  // Sets are written as objects with empty values.
  std::vector<std::string> set(const nlohmann::json& object, const char* name);
  std::map<std::string, std::string> map(const nlohmann::json& object, const char* name);
  // The members of an object of anything; empty where it is missing. No name has a NUL.
  const nlohmann::json::object_t& members(const nlohmann::json& object, const char* name);
  // The items of an array of anything.
  const nlohmann::json::array_t& array(const nlohmann::json& object, const char* name);

  // A "sha256:" digest, which must be there.
  std::string digest(const nlohmann::json& object, const char* name);

  // Members that are wrong where they are missing.
  void require(const nlohmann::json& object, std::initializer_list<const char*> names);

  // Remembers a member that is wrong for a reason of the caller's.
  void wrong(const char* name);

  // Corrupt, naming the first member that was wrong.
  Result<void> check() const;

 private:
  std::string text(const nlohmann::json& value, const char* name);

  template <typename T>
  T integer(const nlohmann::json& value, const char* name) {
    if (value.is_null()) return 0;
    if (value.is_number_unsigned()) {
      const auto wide = value.get<std::uint64_t>();
      if (wide <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
        return static_cast<T>(wide);
    } else if (value.is_number_integer() && std::numeric_limits<T>::is_signed) {
      const auto wide = value.get<std::int64_t>();
      if (wide >= static_cast<std::int64_t>(std::numeric_limits<T>::min()))
        return static_cast<T>(wide);
    }
    wrong(name);
    return 0;
  }

  std::string what_;
  std::string wrong_;
};

}  // namespace ambit::spec
