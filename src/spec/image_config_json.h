#pragma once

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "spec/image_config.h"

namespace ambit::spec {

// As parse_image_config(), for a configuration that is part of another document.
Result<ImageConfig> read_image_config(const nlohmann::json& object);

}  // namespace ambit::spec
