#include "spec/exec_record.h"

#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::spec {

std::string write_exec_record(const ExecRecord& record) {
  nlohmann::json json = {{"id", record.id},
                         {"command", record.command},
                         {"pid", record.pid},
                         {"terminal", record.terminal}};
  if (record.is_check) json["healthCheck"] = true;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<ExecRecord> parse_exec_record(std::string_view text) {
  JsonReader read("exec record");
  const nlohmann::json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"id", "command", "pid", "terminal"});
  ExecRecord record;
  record.id = read.string(json, "id");
  record.command = read.list(json, "command");
  record.pid = read.number<pid_t>(json, "pid");
  record.terminal = read.boolean(json, "terminal");
  record.is_check = read.boolean(json, "healthCheck");
  AMBIT_TRY(read.check());
  return record;
}

}  // namespace ambit::spec
