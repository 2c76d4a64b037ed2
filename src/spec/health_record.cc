#include "spec/health_record.h"

#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Json = nlohmann::json;

struct Word {
  Health health;
  const char* text;
};

constexpr Word kWords[] = {{Health::None, ""},
                           {Health::Starting, "starting"},
                           {Health::Healthy, "healthy"},
                           {Health::Unhealthy, "unhealthy"}};

Health health_from(JsonReader& read, const Json& json) {
  const std::string text = read.string(json, "health");
  for (const Word& word : kWords)
    if (text == word.text) return word.health;
  read.wrong("health");
  return Health::None;
}

}  // namespace

const char* to_string(Health health) {
  for (const Word& word : kWords)
    if (word.health == health) return word.text;
  return "";
}

std::string write_health_record(const HealthRecord& record) {
  Json results = Json::array();
  for (const HealthResult& result : record.results)
    results.push_back({{"startedUsec", result.started_usec},
                       {"endedUsec", result.ended_usec},
                       {"exitCode", result.exit_code},
                       {"output", result.output}});
  const Json json = {{"runStartedUsec", record.run_started_usec},
                     {"health", to_string(record.health)},
                     {"failures", record.failures},
                     {"wasHealthy", record.was_healthy},
                     {"results", results}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<HealthRecord> parse_health_record(std::string_view text) {
  JsonReader read("health record");
  const Json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"runStartedUsec", "health", "failures", "wasHealthy", "results"});
  HealthRecord record;
  record.run_started_usec = read.number<std::int64_t>(json, "runStartedUsec");
  record.health = health_from(read, json);
  record.failures = read.number<std::uint32_t>(json, "failures");
  record.was_healthy = read.boolean(json, "wasHealthy");
  for (const Json& result : read.array(json, "results")) {
    read.require(result, {"startedUsec", "endedUsec", "exitCode", "output"});
    record.results.push_back({.started_usec = read.number<std::int64_t>(result, "startedUsec"),
                              .ended_usec = read.number<std::int64_t>(result, "endedUsec"),
                              .exit_code = read.number<int>(result, "exitCode"),
                              .output = read.string(result, "output")});
  }
  AMBIT_TRY(read.check());
  if (record.results.size() > kMaxHealthResults) record.results.resize(kMaxHealthResults);
  return record;
}

}  // namespace ambit::spec
