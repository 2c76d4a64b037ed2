#include "engine/settle.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <variant>

#include "base/signals.h"
#include "base/strings.h"
#include "engine/environment.h"
#include "engine/systemd_inside.h"
#include "systemd/unit_property.h"

namespace ambit::engine {
namespace {

constexpr char kDefaultPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMaxHostname = 64;  // HOST_NAME_MAX of the kernel
constexpr std::string_view kRuntimeMax = "RuntimeMaxUSec";

constexpr const char* kAdjectives[] = {
    "agile",  "amber", "brave", "brisk", "calm",  "clear", "crisp", "deft",  "eager",  "fair",
    "fleet",  "fond",  "frank", "glad",  "grand", "happy", "hardy", "keen",  "kind",   "light",
    "lively", "loyal", "lucid", "merry", "mild",  "neat",  "noble", "plain", "proud",  "quick",
    "quiet",  "rapid", "ready", "sharp", "sleek", "smart", "solid", "spry",  "steady", "stout",
    "sunny",  "swift", "tidy",  "trim",  "vivid", "warm",  "wise",  "witty", "young",  "zesty"};
constexpr const char* kNouns[] = {
    "badger", "beaver",  "bison",  "bobcat",  "crane",   "cricket", "curlew", "dipper", "dormouse",
    "eagle",  "egret",   "falcon", "ferret",  "finch",   "fox",     "gecko",  "gull",   "hare",
    "heron",  "ibex",    "ibis",   "jackdaw", "jay",     "kestrel", "kite",   "lark",   "lemur",
    "linnet", "lynx",    "magpie", "marten",  "merlin",  "mole",    "newt",   "otter",  "owl",
    "panda",  "plover",  "puffin", "quail",   "rabbit",  "raven",   "robin",  "seal",   "shrew",
    "siskin", "sparrow", "stoat",  "stork",   "swallow", "swan",    "swift",  "tern",   "thrush",
    "toad",   "vole",    "weasel", "wren"};

template <std::size_t N>
const char* pick(const char* const (&words)[N]) {
  unsigned value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
  return words[value % N];
}

std::vector<std::string> settled_environment(const spec::ContainerRecord& record,
                                             const spec::ImageConfig& image) {
  std::vector<std::string> environment = {kDefaultPath, "container=ambit"};
  if (record.options.terminal) environment.emplace_back("TERM=xterm");
  assign(environment, "HOSTNAME=" + record.options.hostname);
  for (const std::string& e : image.env) assign(environment, e);
  for (const std::string& e : record.options.environment) assign(environment, e);
  return environment;
}

std::vector<std::string> settled_command(const spec::ContainerOptions& options,
                                         const spec::ImageConfig& image) {
  std::vector<std::string> command = options.entrypoint.value_or(image.entrypoint);
  // An empty string as the entrypoint is how command lines say "none".
  if (command.size() == 1 && command.front().empty()) command.clear();
  const bool keep_image_cmd = options.command.empty() && !options.entrypoint;
  const std::vector<std::string>& rest = keep_image_cmd ? image.cmd : options.command;
  command.insert(command.end(), rest.begin(), rest.end());
  return command;
}

Result<void> check_mount(const spec::Mount& mount) {
  if (mount.destination.empty() || mount.destination.front() != '/')
    return Error(ErrorCode::InvalidArgument,
                 "mount destination is not an absolute path: '" + mount.destination + "'");
  if (mount.type == "tmpfs") return {};
  if (mount.type != "bind")
    return Error(ErrorCode::InvalidArgument,
                 "mount type '" + mount.type + "' is neither bind nor tmpfs");
  if (mount.source.empty() || mount.source.front() != '/')
    return Error(ErrorCode::InvalidArgument,
                 "mount source is not an absolute path: '" + mount.source + "'");
  return {};
}

Result<void> check_security_option(const std::string& option) {
  constexpr std::string_view kKnown[] = {"seccomp=unconfined", "seccomp=default",
                                         "no-new-privileges", "no-new-privileges=true",
                                         "no-new-privileges=false"};
  if (std::find(std::begin(kKnown), std::end(kKnown), option) != std::end(kKnown)) return {};
  return Error(ErrorCode::InvalidArgument, "unknown security option '" + option +
                                               "'; known are seccomp=unconfined, "
                                               "seccomp=default and no-new-privileges=true|false");
}

// What depends on there being a health check.
Result<void> check_health(const spec::ContainerRecord& record) {
  if (record.options.auto_remove && record.health.restarts())
    return Error(ErrorCode::InvalidArgument,
                 "a container that is removed when it has exited can't be restarted when its "
                 "health check fails");
  if (record.options.notify == spec::NotifyMode::Healthy && !record.health.exists())
    return Error(ErrorCode::InvalidArgument,
                 "sdnotify 'healthy': the container has no health check");
  return {};
}

}  // namespace

Result<void> settle(spec::ContainerRecord& record, const spec::ImageConfig& image) {
  spec::ContainerOptions& options = record.options;
  if (options.hostname.empty()) options.hostname = short_id(record.id);
  if (options.log_driver.empty()) options.log_driver = spec::kLogJournald;
  record.command = settled_command(options, image);
  if (record.command.empty() || record.command.front().empty())
    return Error(ErrorCode::InvalidArgument,
                 "no command: the image " + record.image + " has none, and none was given");
  record.environment = settled_environment(record, image);
  record.working_dir = !options.working_dir.empty() ? options.working_dir
                       : !image.working_dir.empty() ? image.working_dir
                                                    : "/";
  record.user = !options.user.empty() ? options.user : image.user;
  const std::string& signal =
      !options.stop_signal.empty() ? options.stop_signal : image.stop_signal;
  if (!signal.empty()) record.stop_signal = AMBIT_TRY(parse_signal(signal).context("stop signal"));
  if (options.stop_timeout_usec) record.stop_timeout_usec = *options.stop_timeout_usec;
  record.health = AMBIT_TRY(spec::settle_health(options.health, image.health));
  AMBIT_TRY(check_health(record));
  return take_runtime_max(options);
}

Result<void> take_runtime_max(spec::ContainerOptions& options) {
  auto properties = AMBIT_TRY(systemd::parse_properties(options.limits.properties));
  const systemd::PropertyValue* value = systemd::find_property(properties, kRuntimeMax);
  if (value == nullptr) return {};
  const auto usec = std::get<std::uint64_t>(*value);
  options.runtime_max_usec = usec == UINT64_MAX ? 0 : usec;
  std::erase_if(properties, [](const auto& property) { return property.name == kRuntimeMax; });
  options.limits.properties = systemd::property_lines(properties);
  return {};
}

Result<void> check_options(const spec::ContainerOptions& options) {
  AMBIT_TRY(check_systemd_option(options));
  AMBIT_TRY(spec::check_health_options(options.health));
  if (options.network != "none" && options.network != "host")
    return Error(ErrorCode::NoSuchNetwork,
                 "no network '" + options.network + "'; there are none and host");
  if (!options.log_driver.empty()) AMBIT_TRY(spec::check_log_driver(options.log_driver));
  if (options.auto_remove && options.restart.restarts())
    return Error(ErrorCode::InvalidArgument,
                 "a container that is removed when it has exited can't have the restart policy " +
                     spec::to_string(options.restart));
  if (options.hostname.size() > kMaxHostname)
    return Error(ErrorCode::InvalidArgument, "host name too long: '" + options.hostname + "'");
  if (!options.working_dir.empty() && options.working_dir.front() != '/')
    return Error(ErrorCode::InvalidArgument,
                 "working folder is not an absolute path: '" + options.working_dir + "'");
  for (const spec::Mount& mount : options.mounts) AMBIT_TRY(check_mount(mount));
  for (const std::string& option : options.security_options)
    AMBIT_TRY(check_security_option(option));
  return check_environment(options.environment);
}

std::string made_up_name() { return strf("%s_%s", pick(kAdjectives), pick(kNouns)); }

}  // namespace ambit::engine
