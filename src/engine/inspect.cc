#include "engine/inspect.h"

#include <nlohmann/json.hpp>

#include "base/signals.h"
#include "spec/holder_settings.h"

namespace ambit::engine {
namespace {

using Json = nlohmann::json;

// Text from outside may be no UTF-8; it is shown as well as it can be.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json mounts_json(const std::vector<spec::Mount>& mounts) {
  Json list = Json::array();
  for (const spec::Mount& mount : mounts)
    list.push_back({{"type", mount.type},
                    {"source", mount.source},
                    {"destination", mount.destination},
                    {"options", mount.options}});
  return list;
}

Json ulimits_json(const std::vector<spec::Ulimit>& ulimits) {
  Json list = Json::array();
  for (const spec::Ulimit& limit : ulimits)
    list.push_back({{"name", limit.name}, {"soft", limit.soft}, {"hard", limit.hard}});
  return list;
}

Json state_json(const RunState& run) {
  return {{"status", to_string(run.state)},    {"unit", run.unit},
          {"controlGroup", run.control_group}, {"pid", run.main_pid},
          {"startedUsec", run.started_usec},   {"exitedUsec", run.exited_usec},
          {"exitCode", run.exit_code},         {"exitReason", run.exit_reason},
          {"oomKilled", run.oom_killed},       {"ready", run.ready},
          {"statusText", run.status_text}};
}

Json past_runs_json(const spec::RunHistory& runs) {
  Json list = Json::array();
  for (const spec::PastRun& run : runs)
    list.push_back({{"startedUsec", run.started_usec},
                    {"exitedUsec", run.exited_usec},
                    {"exitCode", run.exit_code},
                    {"exitReason", run.reason},
                    {"oomKilled", run.oom_killed}});
  return list;
}

Json health_json(const spec::HealthRecord& health) {
  Json log = Json::array();
  for (const spec::HealthResult& result : health.results)
    log.push_back({{"startedUsec", result.started_usec},
                   {"endedUsec", result.ended_usec},
                   {"exitCode", result.exit_code},
                   {"output", result.output}});
  return {{"status", to_string(health.health)}, {"failures", health.failures}, {"log", log}};
}

Json restart_json(const Container& container) {
  return {{"policy", spec::to_string(container.record.options.restart)},
          {"count", container.restart.count},
          {"dueUsec", container.restart.due_usec},
          {"error", container.restart.error}};
}

// Numbers as D-Bus has them; a set and a share of the machine as people write them; devices by
// path.
Json limits_json(const systemd::UnitProperties& limits) {
  Json json = Json::object();
  for (const systemd::UnitProperty& limit : limits) {
    if (const auto* devices = std::get_if<systemd::DeviceNumbers>(&limit.value)) {
      for (const auto& [path, number] : *devices) json[limit.name][path] = number;
    } else if (std::holds_alternative<std::uint32_t>(limit.value) ||
               std::holds_alternative<std::vector<std::uint8_t>>(limit.value)) {
      const std::string line = systemd::property_lines({limit}).front();
      json[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    } else {
      std::visit([&](const auto& value) { json[limit.name] = value; }, limit.value);
    }
  }
  return json;
}

Json config_json(const spec::ContainerRecord& record) {
  const spec::ContainerOptions& options = record.options;
  return {{"command", record.command},
          {"environment", record.environment},
          {"workingDir", record.working_dir},
          {"user", record.user},
          {"hostname", options.hostname},
          {"labels", options.labels},
          {"stopSignal", signal_name(record.stop_signal)},
          {"stopTimeoutUsec", record.stop_timeout_usec},
          {"runtimeMaxUsec", options.runtime_max_usec},
          {"terminal", options.terminal},
          {"openStdin", options.open_stdin},
          {"init", options.init},
          {"autoRemove", options.auto_remove},
          {"readOnly", options.read_only},
          {"capabilitiesAdd", options.capabilities_add},
          {"capabilitiesDrop", options.capabilities_drop},
          {"securityOptions", options.security_options},
          {"ulimits", ulimits_json(options.ulimits)},
          {"network", options.network},
          {"pod", options.pod},
          {"systemd", record.systemd.active},
          {"logDriver", options.log_driver},
          {"logOptions", spec::log_option_texts(options.log)},
          {"logFallbackReason", options.log.fallback_reason},
          {"sdnotify", to_string(options.notify)},
          {"healthCheck", spec::to_json(record.health)},
          {"properties", options.limits.properties}};
}

}  // namespace

std::string inspect_json(const Container& container, const systemd::UnitProperties& limits,
                         const std::string& data_path) {
  const spec::ContainerRecord& record = container.record;
  return dump({{"id", record.id},
               {"name", record.name},
               {"image", record.image},
               {"imageId", record.image_id},
               {"createdUsec", record.created_usec},
               {"state", state_json(container.run)},
               {"restart", restart_json(container)},
               {"pastRuns", past_runs_json(container.past_runs)},
               {"health", health_json(container.health)},
               {"config", config_json(record)},
               {"mounts", mounts_json(record.options.mounts)},
               {"limits", limits_json(limits)},
               {"dataPath", data_path},
               {"logPath", log_path(record, data_path)}});
}

std::string log_path(const spec::ContainerRecord& record, const std::string& data_path) {
  return record.options.log_driver == spec::kLogFile ? data_path + "/" + spec::kLogFolder : "";
}

std::string inspect_json(const Pod& pod, const std::vector<const Container*>& members,
                         const systemd::UnitProperties& limits) {
  const spec::PodOptions& options = pod.record.options;
  Json share = Json::array();
  for (const spec::NamespaceType type : options.share) share.push_back(spec::share_name(type));
  Json containers = Json::array();
  for (const Container* member : members)
    containers.push_back({{"id", member->record.id},
                          {"name", member->record.name},
                          {"state", to_string(member->run.state)}});
  return dump({{"name", pod.record.name},
               {"createdUsec", pod.record.created_usec},
               {"state",
                {{"status", to_string(pod.run.state)},
                 {"unit", pod.unit},
                 {"controlGroup", pod.run.control_group},
                 {"shared", pod.run.has_holder}}},
               {"share", share},
               {"hostname", options.hostname},
               {"shmSizeBytes", options.shm_size_bytes.value_or(0)},
               {"labels", options.labels},
               {"containers", containers},
               {"limits", limits_json(limits)}});
}

std::string inspect_json(const image::ImageRecord& image) {
  const spec::ImageConfig& config = image.config;
  Json layers = Json::array();
  for (const image::Layer& layer : image.layers)
    layers.push_back({{"diffId", layer.diff_id},
                      {"chainId", layer.chain_id},
                      {"digest", layer.blob.digest},
                      {"mediaType", layer.blob.media_type},
                      {"sizeBytes", layer.blob.size_bytes}});
  return dump({{"id", image.id},
               {"references", image.references},
               {"digest", image.manifest.digest},
               {"mediaType", image.manifest.media_type},
               {"sizeBytes", image.size_bytes},
               {"createdUsec", config.created_usec},
               {"loadedUsec", image.loaded_usec},
               {"architecture", config.architecture},
               {"variant", image.variant},
               {"os", config.os},
               {"author", config.author},
               {"broken", image.broken},
               {"config",
                {{"user", config.user},
                 {"environment", config.env},
                 {"entrypoint", config.entrypoint},
                 {"command", config.cmd},
                 {"workingDir", config.working_dir},
                 {"stopSignal", config.stop_signal},
                 {"volumes", config.volumes},
                 {"exposedPorts", config.exposed_ports},
                 {"labels", config.labels},
                 {"healthCheck", spec::image_health_json(config.health)}}},
               {"layers", layers}});
}

}  // namespace ambit::engine
