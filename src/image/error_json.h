#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "base/result.h"
#include "spec/json_reader.h"

// A failure on its way from a helper process to ambitd: {"code": 3, "message": "..."}.
namespace ambit::image {

nlohmann::json error_json(const Error& error);

// The member "error" of `object`, or nothing where there is none. Corrupt for an unknown code.
Result<std::optional<Error>> read_error(spec::JsonReader& read, const nlohmann::json& object);

}  // namespace ambit::image
