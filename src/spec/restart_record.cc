#include "spec/restart_record.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "spec/json_reader.h"

namespace ambit::spec {

std::string write_restart_record(const RestartRecord& record) {
  return strf("{\"stopped\":%s,\"count\":%u,\"delayUsec\":%llu%s}\n",
              record.stopped ? "true" : "false", record.count,
              static_cast<unsigned long long>(record.delay_usec),
              record.unhealthy ? ",\"unhealthy\":true" : "");
}

Result<RestartRecord> parse_restart_record(std::string_view text) {
  JsonReader read("restart record");
  const nlohmann::json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"stopped", "count", "delayUsec"});
  RestartRecord record;
  record.stopped = read.boolean(json, "stopped");
  record.unhealthy = read.boolean(json, "unhealthy");
  record.count = read.number<std::uint32_t>(json, "count");
  record.delay_usec = read.number<std::uint64_t>(json, "delayUsec");
  AMBIT_TRY(read.check());
  return record;
}

}  // namespace ambit::spec
