#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ambit::spec {

class JsonReader;

// What a user asks of a container's unit and of its share of the machine.
struct LimitOptions {
  // Of the unit, as unit files have them: "MemoryMax=67108864", one for each device or word.
  std::vector<std::string> properties;
  std::optional<int> oom_score_adj;             // -1000 to 1000
  std::optional<std::uint64_t> shm_size_bytes;  // of /dev/shm
};

// The member "limits" of a container's record; null where nothing is asked for.
nlohmann::json to_json(const LimitOptions& options);
LimitOptions limit_options_from(JsonReader& read, const nlohmann::json& json);

}  // namespace ambit::spec
