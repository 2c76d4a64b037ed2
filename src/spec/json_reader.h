#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
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
  // A lone string counts as a list of one, as docker reads it.
  std::vector<std::string> list(const nlohmann::json& object, const char* name);
  // Sets are written as objects with empty values.
  std::vector<std::string> set(const nlohmann::json& object, const char* name);
  std::map<std::string, std::string> map(const nlohmann::json& object, const char* name);
  // The items of an array of anything.
  std::vector<nlohmann::json> array(const nlohmann::json& object, const char* name);

  // A "sha256:" digest, which must be there.
  std::string digest(const nlohmann::json& object, const char* name);

  // Remembers a member that is wrong for a reason of the caller's.
  void wrong(const char* name);

  // Corrupt, naming the first member that was wrong.
  Result<void> check() const;

 private:
  std::string text(const nlohmann::json& value, const char* name);

  std::string what_;
  std::string wrong_;
};

}  // namespace ambit::spec
