#include "spec/limit_options.h"

#include "spec/json_reader.h"

namespace ambit::spec {

nlohmann::json to_json(const LimitOptions& options) {
  nlohmann::json json;
  if (!options.properties.empty()) json["properties"] = options.properties;
  if (options.oom_score_adj) json["oomScoreAdj"] = *options.oom_score_adj;
  if (options.shm_size_bytes) json["shmSizeBytes"] = *options.shm_size_bytes;
  return json;
}

LimitOptions limit_options_from(JsonReader& read, const nlohmann::json& json) {
  if (json.is_null()) return {};
  LimitOptions options;
  options.properties = read.list(json, "properties");
  options.oom_score_adj = read.optional_number<int>(json, "oomScoreAdj");
  options.shm_size_bytes = read.optional_number<std::uint64_t>(json, "shmSizeBytes");
  return options;
}

}  // namespace ambit::spec
