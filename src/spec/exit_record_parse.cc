#include <nlohmann/json.hpp>

#include "spec/exit_record.h"
#include "spec/json_reader.h"

namespace ambit::spec {

// Apart from the writer, so that the monitor links no JSON for it.
Result<ExitRecord> parse_exit_record(std::string_view text) {
  JsonReader read("exit record");
  const nlohmann::json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"bootId", "startedUsec", "exitedUsec", "exitCode", "reason", "oomKilled"});
  ExitRecord record;
  record.boot_id = read.string(json, "bootId");
  record.started_usec = read.number<std::int64_t>(json, "startedUsec");
  record.exited_usec = read.number<std::int64_t>(json, "exitedUsec");
  record.exit_code = read.number<int>(json, "exitCode");
  record.reason = read.string(json, "reason");
  record.oom_killed = read.boolean(json, "oomKilled");
  record.stop_requested = read.boolean(json, "stopRequested");
  record.set_properties = read.list(json, "setProperties");
  AMBIT_TRY(read.check());
  return record;
}

}  // namespace ambit::spec
