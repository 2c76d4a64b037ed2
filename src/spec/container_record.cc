#include "spec/container_record.h"

#include <nlohmann/json.hpp>

namespace ambit::spec {
namespace {

using Json = nlohmann::json;

Json to_json(const Mount& mount) {
  return {{"type", mount.type},
          {"source", mount.source},
          {"destination", mount.destination},
          {"options", mount.options}};
}

Mount mount_from(const Json& json) {
  return Mount{.destination = json.at("destination").get<std::string>(),
               .type = json.at("type").get<std::string>(),
               .source = json.at("source").get<std::string>(),
               .options = json.at("options").get<std::vector<std::string>>()};
}

Json to_json(const ContainerOptions& options) {
  Json json = {{"command", options.command},
               {"environment", options.environment},
               {"workingDir", options.working_dir},
               {"user", options.user},
               {"hostname", options.hostname},
               {"labels", options.labels},
               {"stopSignal", options.stop_signal},
               {"terminal", options.terminal},
               {"openStdin", options.open_stdin},
               {"init", options.init},
               {"autoRemove", options.auto_remove},
               {"readOnly", options.read_only},
               {"capabilitiesAdd", options.capabilities_add},
               {"capabilitiesDrop", options.capabilities_drop},
               {"securityOptions", options.security_options},
               {"network", options.network},
               {"logDriver", options.log_driver},
               {"mounts", Json::array()},
               {"ulimits", Json::array()}};
  if (options.entrypoint) json["entrypoint"] = *options.entrypoint;
  if (options.stop_timeout_usec) json["stopTimeoutUsec"] = *options.stop_timeout_usec;
  if (options.console_size)
    json["consoleSize"] = {options.console_size->rows, options.console_size->columns};
  for (const Mount& mount : options.mounts) json["mounts"].push_back(to_json(mount));
  for (const Ulimit& limit : options.ulimits)
    json["ulimits"].push_back({{"name", limit.name}, {"soft", limit.soft}, {"hard", limit.hard}});
  return json;
}

ContainerOptions options_from(const Json& json) {
  ContainerOptions options;
  json.at("command").get_to(options.command);
  json.at("environment").get_to(options.environment);
  json.at("workingDir").get_to(options.working_dir);
  json.at("user").get_to(options.user);
  json.at("hostname").get_to(options.hostname);
  json.at("labels").get_to(options.labels);
  json.at("stopSignal").get_to(options.stop_signal);
  json.at("terminal").get_to(options.terminal);
  json.at("openStdin").get_to(options.open_stdin);
  json.at("init").get_to(options.init);
  json.at("autoRemove").get_to(options.auto_remove);
  json.at("readOnly").get_to(options.read_only);
  json.at("capabilitiesAdd").get_to(options.capabilities_add);
  json.at("capabilitiesDrop").get_to(options.capabilities_drop);
  json.at("securityOptions").get_to(options.security_options);
  json.at("network").get_to(options.network);
  json.at("logDriver").get_to(options.log_driver);
  if (json.contains("entrypoint"))
    options.entrypoint = json.at("entrypoint").get<std::vector<std::string>>();
  if (json.contains("stopTimeoutUsec"))
    options.stop_timeout_usec = json.at("stopTimeoutUsec").get<std::uint64_t>();
  if (json.contains("consoleSize"))
    options.console_size = ConsoleSize{json.at("consoleSize").at(0).get<std::uint16_t>(),
                                       json.at("consoleSize").at(1).get<std::uint16_t>()};
  for (const Json& mount : json.at("mounts")) options.mounts.push_back(mount_from(mount));
  for (const Json& limit : json.at("ulimits"))
    options.ulimits.push_back(Ulimit{.name = limit.at("name").get<std::string>(),
                                     .soft = limit.at("soft").get<std::uint64_t>(),
                                     .hard = limit.at("hard").get<std::uint64_t>()});
  return options;
}

// Text from outside may be no UTF-8 (a path, an environment): it is kept readable, not refused.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string write_container_record(const ContainerRecord& record) {
  return dump({{"id", record.id},
               {"name", record.name},
               {"image", record.image},
               {"imageId", record.image_id},
               {"createdUsec", record.created_usec},
               {"command", record.command},
               {"environment", record.environment},
               {"workingDir", record.working_dir},
               {"user", record.user},
               {"stopSignal", record.stop_signal},
               {"stopTimeoutUsec", record.stop_timeout_usec},
               {"options", to_json(record.options)}});
}

Result<ContainerRecord> parse_container_record(std::string_view text) try {
  const Json json = Json::parse(text);
  ContainerRecord record;
  json.at("id").get_to(record.id);
  json.at("name").get_to(record.name);
  json.at("image").get_to(record.image);
  json.at("imageId").get_to(record.image_id);
  json.at("createdUsec").get_to(record.created_usec);
  json.at("command").get_to(record.command);
  json.at("environment").get_to(record.environment);
  json.at("workingDir").get_to(record.working_dir);
  json.at("user").get_to(record.user);
  json.at("stopSignal").get_to(record.stop_signal);
  json.at("stopTimeoutUsec").get_to(record.stop_timeout_usec);
  record.options = options_from(json.at("options"));
  return record;
} catch (const Json::exception& e) {
  return Error(ErrorCode::Corrupt, std::string("container record: ") + e.what());
}

std::string write_run_record(const RunRecord& record) {
  return dump({{"bootId", record.boot_id},
               {"unit", record.unit},
               {"controlGroup", record.control_group},
               {"startedUsec", record.started_usec}});
}

Result<RunRecord> parse_run_record(std::string_view text) try {
  const Json json = Json::parse(text);
  return RunRecord{.boot_id = json.at("bootId").get<std::string>(),
                   .unit = json.at("unit").get<std::string>(),
                   .control_group = json.at("controlGroup").get<std::string>(),
                   .started_usec = json.at("startedUsec").get<std::int64_t>()};
} catch (const Json::exception& e) {
  return Error(ErrorCode::Corrupt, std::string("run record: ") + e.what());
}

}  // namespace ambit::spec
