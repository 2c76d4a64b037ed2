#include "spec/image_config.h"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "spec/image_config_json.h"
#include "spec/json_reader.h"
#include "spec/reference.h"

namespace ambit::spec {
namespace {

using nlohmann::json;

constexpr std::int64_t kUsecPerSec = 1000000;
constexpr std::size_t kFractionDigits = 6;
// The years that RFC 3339 can name: 0000 to 9999.
constexpr std::int64_t kFirstSec = -62167219200;
constexpr std::int64_t kLastSec = 253402300799;

// RFC 3339. A date is for people to read: one that makes no sense counts as absent.
std::int64_t parse_date(const std::string& text) {
  std::tm fields = {};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &fields);
  if (rest == nullptr) return 0;
  std::int64_t usec = 0;
  if (*rest == '.') {
    ++rest;
    for (std::size_t i = 0; i < kFractionDigits; ++i) {
      const bool digit = *rest >= '0' && *rest <= '9';
      usec = usec * 10 + (digit ? *rest - '0' : 0);
      if (digit) ++rest;
    }
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  std::int64_t offset_sec = 0;
  int hours = 0;
  int minutes = 0;
  if ((*rest == '+' || *rest == '-') && std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
    offset_sec = (*rest == '-' ? -60 : 60) * (hours * 60 + minutes);
  const std::int64_t sec = static_cast<std::int64_t>(::timegm(&fields)) - offset_sec;
  return sec < kFirstSec || sec > kLastSec ? 0 : sec * kUsecPerSec + usec;
}

std::string write_date(std::int64_t usec) {
  // Rounded down, so that a fraction before 1970 counts forward too.
  std::int64_t fraction = usec % kUsecPerSec;
  if (fraction < 0) fraction += kUsecPerSec;
  const std::time_t sec = static_cast<std::time_t>((usec - fraction) / kUsecPerSec);
  std::tm fields = {};
  if (sec < kFirstSec || sec > kLastSec || ::gmtime_r(&sec, &fields) == nullptr)
    return "1970-01-01T00:00:00Z";
  return strf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", fields.tm_year + 1900, fields.tm_mon + 1,
              fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec,
              static_cast<int>(fraction));
}

void parse_process(JsonReader& read, const json& object, ImageConfig& config) {
  config.user = read.string(object, "User");
  config.env = read.list(object, "Env");
  config.entrypoint = read.list(object, "Entrypoint");
  config.cmd = read.list(object, "Cmd");
  config.working_dir = read.string(object, "WorkingDir");
  config.stop_signal = read.string(object, "StopSignal");
  config.volumes = read.set(object, "Volumes");
  config.exposed_ports = read.set(object, "ExposedPorts");
  config.labels = read.map(object, "Labels");
  config.health = image_health_from(read, object);
}

json to_set(const std::vector<std::string>& keys) {
  json object = json::object();
  for (const std::string& key : keys) object[key] = json::object();
  return object;
}

void add_list(json& object, const char* name, const std::vector<std::string>& list) {
  if (!list.empty()) object[name] = list;
}

void add_string(json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

}  // namespace

Result<ImageConfig> parse_image_config(std::string_view text) {
  const json object = AMBIT_TRY(JsonReader("image configuration").parse(text));
  return read_image_config(object);
}

Result<ImageConfig> read_image_config(const json& object) {
  JsonReader read("image configuration");
  const json& rootfs = read.member(object, "rootfs");
  if (!rootfs.is_object() || !rootfs.contains("diff_ids"))
    return Error(ErrorCode::NotAnImage, "image configuration: it names no rootfs.diff_ids");
  ImageConfig config;
  config.diff_ids = read.list(rootfs, "diff_ids");
  for (const std::string& diff_id : config.diff_ids)
    if (!is_sha256_digest(diff_id)) read.wrong("diff_ids");
  config.architecture = read.string(object, "architecture");
  config.os = read.string(object, "os");
  config.author = read.string(object, "author");
  config.created_usec = parse_date(read.string(object, "created"));
  parse_process(read, read.member(object, "config"), config);
  AMBIT_TRY(read.check());
  return config;
}

std::string write_image_config(const ImageConfig& config) {
  json process = json::object();
  add_string(process, "User", config.user);
  add_list(process, "Env", config.env);
  add_list(process, "Entrypoint", config.entrypoint);
  add_list(process, "Cmd", config.cmd);
  add_string(process, "WorkingDir", config.working_dir);
  add_string(process, "StopSignal", config.stop_signal);
  if (!config.volumes.empty()) process["Volumes"] = to_set(config.volumes);
  if (!config.exposed_ports.empty()) process["ExposedPorts"] = to_set(config.exposed_ports);
  if (!config.labels.empty()) process["Labels"] = config.labels;
  if (json health = image_health_json(config.health); !health.is_null())
    process["Healthcheck"] = std::move(health);
  add_list(process, "Shell", config.health.shell);

  json object = {{"architecture", config.architecture}, {"os", config.os}};
  if (config.created_usec != 0) object["created"] = write_date(config.created_usec);
  add_string(object, "author", config.author);
  object["config"] = std::move(process);
  object["rootfs"] = {{"type", "layers"}, {"diff_ids", config.diff_ids}};
  // Labels and commands come from people and may hold any bytes; JSON holds only UTF-8.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace ambit::spec
