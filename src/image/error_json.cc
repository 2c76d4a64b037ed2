#include "image/error_json.h"

#include <nlohmann/json.hpp>

namespace ambit::image {

using nlohmann::json;

json error_json(const Error& error) {
  return {{"code", static_cast<int>(error.code())}, {"message", error.message()}};
}

Result<std::optional<Error>> read_error(spec::JsonReader& read, const json& object) {
  const json& error = read.member(object, "error");
  if (error.is_null()) return std::optional<Error>();
  const std::uint64_t code = read.size(error, "code");
  if (code > static_cast<std::uint64_t>(kLastErrorCode))
    return Error(ErrorCode::Corrupt, "an error with an unknown code");
  return std::optional<Error>(Error(static_cast<ErrorCode>(code), read.string(error, "message")));
}

}  // namespace ambit::image
