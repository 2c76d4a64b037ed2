#include "spec/container_record.h"

#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::spec {
namespace {

using Json = nlohmann::json;

Json to_json(const Mount& mount) {
  return {{"type", mount.type},
          {"source", mount.source},
          {"destination", mount.destination},
          {"options", mount.options}};
}

Mount mount_from(JsonReader& read, const Json& json) {
  read.require(json, {"destination", "type", "source", "options"});
  Mount mount;
  mount.destination = read.string(json, "destination");
  mount.type = read.string(json, "type");
  mount.source = read.string(json, "source");
  mount.options = read.list(json, "options");
  return mount;
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
  if (options.notify != NotifyMode::Started) json["sdnotify"] = to_string(options.notify);
  if (!options.pod.empty()) json["pod"] = options.pod;
  if (options.systemd != "true") json["systemd"] = options.systemd;
  if (options.restart.restarts()) json["restartPolicy"] = to_string(options.restart);
  if (options.entrypoint) json["entrypoint"] = *options.entrypoint;
  if (options.stop_timeout_usec) json["stopTimeoutUsec"] = *options.stop_timeout_usec;
  if (options.runtime_max_usec > 0) json["runtimeMaxUsec"] = options.runtime_max_usec;
  if (options.console_size)
    json["consoleSize"] = {options.console_size->rows, options.console_size->columns};
  for (const Mount& mount : options.mounts) json["mounts"].push_back(to_json(mount));
  for (const Ulimit& limit : options.ulimits)
    json["ulimits"].push_back({{"name", limit.name}, {"soft", limit.soft}, {"hard", limit.hard}});
  if (Json log = to_json(options.log); !log.is_null()) json["log"] = log;
  if (Json limits = to_json(options.limits); !limits.is_null()) json["limits"] = limits;
  return json;
}

std::optional<ConsoleSize> console_size_from(JsonReader& read, const Json& json) {
  if (read.member(json, "consoleSize").is_null()) return std::nullopt;
  const auto size = read.numbers<std::uint16_t>(json, "consoleSize");
  if (size.size() == 2) return ConsoleSize{.rows = size[0], .columns = size[1]};
  read.wrong("consoleSize");
  return std::nullopt;
}

Ulimit ulimit_from(JsonReader& read, const Json& json) {
  read.require(json, {"name", "soft", "hard"});
  return Ulimit{.name = read.string(json, "name"),
                .soft = read.number<std::uint64_t>(json, "soft"),
                .hard = read.number<std::uint64_t>(json, "hard")};
}

RestartPolicy restart_from(JsonReader& read, const Json& json) {
  const std::string text = read.string(json, "restartPolicy");
  if (text.empty()) return {};
  const auto policy = parse_restart_policy(text);
  if (!policy) read.wrong("restartPolicy");
  return policy ? *policy : RestartPolicy{};
}

NotifyMode notify_from(JsonReader& read, const Json& json) {
  const std::string text = read.string(json, "sdnotify");
  if (text.empty()) return NotifyMode::Started;
  const auto mode = parse_notify_mode(text);
  if (!mode) read.wrong("sdnotify");
  return mode ? *mode : NotifyMode::Started;
}

ContainerOptions options_from(JsonReader& read, const Json& json) {
  read.require(
      json, {"command", "environment", "workingDir", "user", "hostname", "labels", "stopSignal",
             "terminal", "openStdin", "init", "autoRemove", "readOnly", "capabilitiesAdd",
             "capabilitiesDrop", "securityOptions", "network", "logDriver", "mounts", "ulimits"});
  ContainerOptions options;
  options.command = read.list(json, "command");
  options.environment = read.list(json, "environment");
  options.working_dir = read.string(json, "workingDir");
  options.user = read.string(json, "user");
  options.hostname = read.string(json, "hostname");
  options.labels = read.map(json, "labels");
  options.stop_signal = read.string(json, "stopSignal");
  options.terminal = read.boolean(json, "terminal");
  options.open_stdin = read.boolean(json, "openStdin");
  options.init = read.boolean(json, "init");
  options.auto_remove = read.boolean(json, "autoRemove");
  options.read_only = read.boolean(json, "readOnly");
  options.capabilities_add = read.list(json, "capabilitiesAdd");
  options.capabilities_drop = read.list(json, "capabilitiesDrop");
  options.security_options = read.list(json, "securityOptions");
  options.network = read.string(json, "network");
  options.log_driver = read.string(json, "logDriver");
  if (!read.member(json, "entrypoint").is_null())
    options.entrypoint = read.list(json, "entrypoint");
  options.stop_timeout_usec = read.optional_number<std::uint64_t>(json, "stopTimeoutUsec");
  options.runtime_max_usec = read.number<std::uint64_t>(json, "runtimeMaxUsec");
  options.console_size = console_size_from(read, json);
  options.restart = restart_from(read, json);
  if (!read.member(json, "systemd").is_null()) options.systemd = read.string(json, "systemd");
  options.pod = read.string(json, "pod");
  options.notify = notify_from(read, json);
  for (const Json& mount : read.array(json, "mounts"))
    options.mounts.push_back(mount_from(read, mount));
  for (const Json& limit : read.array(json, "ulimits"))
    options.ulimits.push_back(ulimit_from(read, limit));
  options.log = log_options_from(read, read.member(json, "log"));
  options.limits = limit_options_from(read, read.member(json, "limits"));
  return options;
}

// Text from outside may be no UTF-8 (a path, an environment): it is kept readable, not refused.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string write_container_record(const ContainerRecord& record) {
  Json json = {{"id", record.id},
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
               {"systemd", record.systemd.active},
               {"options", to_json(record.options)}};
  if (Json health = to_json(record.health); !health.is_null()) json["healthCheck"] = health;
  return dump(json);
}

Result<ContainerRecord> parse_container_record(std::string_view text) {
  JsonReader read("container record");
  const Json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"id", "name", "image", "imageId", "createdUsec", "command", "environment",
                      "workingDir", "user", "stopSignal", "stopTimeoutUsec", "options"});
  ContainerRecord record;
  record.id = read.string(json, "id");
  record.name = read.string(json, "name");
  record.image = read.string(json, "image");
  record.image_id = read.string(json, "imageId");
  record.created_usec = read.number<std::int64_t>(json, "createdUsec");
  record.command = read.list(json, "command");
  record.environment = read.list(json, "environment");
  record.working_dir = read.string(json, "workingDir");
  record.user = read.string(json, "user");
  record.stop_signal = read.number<int>(json, "stopSignal");
  record.stop_timeout_usec = read.number<std::uint64_t>(json, "stopTimeoutUsec");
  record.systemd.active = read.optional_boolean(json, "systemd").value_or(false);
  record.health = health_check_from(read, read.member(json, "healthCheck"));
  record.options = options_from(read, read.member(json, "options"));
  record.systemd.console = record.systemd.active && !record.options.terminal;
  AMBIT_TRY(read.check());
  return record;
}

std::string write_run_record(const RunRecord& record) {
  return dump({{"bootId", record.boot_id},
               {"unit", record.unit},
               {"controlGroup", record.control_group},
               {"startedUsec", record.started_usec},
               {"mainPid", record.main_pid}});
}

Result<RunRecord> parse_run_record(std::string_view text) {
  JsonReader read("run record");
  const Json json = AMBIT_TRY(read.parse(text));
  read.require(json, {"bootId", "unit", "controlGroup", "startedUsec"});
  RunRecord record;
  record.boot_id = read.string(json, "bootId");
  record.unit = read.string(json, "unit");
  record.control_group = read.string(json, "controlGroup");
  record.started_usec = read.number<std::int64_t>(json, "startedUsec");
  record.main_pid = read.number<int>(json, "mainPid");
  AMBIT_TRY(read.check());
  return record;
}

}  // namespace ambit::spec
