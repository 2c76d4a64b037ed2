#include "daemon/call_options.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "daemon/health_options.h"
#include "daemon/limit_options.h"

namespace ambit::daemon {
namespace {

using Strings = std::vector<std::string>;
using MountTuple = std::tuple<std::string, std::string, std::string, Strings>;
using UlimitTuple = std::tuple<std::string, std::uint64_t, std::uint64_t>;
using SizeTuple = std::tuple<std::uint32_t, std::uint32_t>;

Result<void> set_size(std::optional<spec::ConsoleSize>& target, SizeTuple size) {
  const auto [rows, columns] = size;
  if (rows > UINT16_MAX || columns > UINT16_MAX)
    return Error(ErrorCode::InvalidArgument, strf("no terminal has %u×%u cells", rows, columns));
  target = spec::ConsoleSize{.rows = static_cast<std::uint16_t>(rows),
                             .columns = static_cast<std::uint16_t>(columns)};
  return {};
}

void add_size(bus::OptionReader& reader, std::optional<spec::ConsoleSize>& target) {
  reader.on<SizeTuple>("TerminalSize",
                       [&target](SizeTuple size) { return set_size(target, size); });
}

void add_create_keys(bus::OptionReader& reader, spec::ContainerOptions& options) {
  reader.add("Entrypoint", options.entrypoint)
      .add("Environment", options.environment)
      .add("WorkingDirectory", options.working_dir)
      .add("User", options.user)
      .add("Hostname", options.hostname)
      .add("Labels", options.labels)
      .add("StopSignal", options.stop_signal)
      .add("StopTimeoutUSec", options.stop_timeout_usec)
      .add("RuntimeMaxUSec", options.runtime_max_usec)
      .add("Terminal", options.terminal)
      .add("OpenStdin", options.open_stdin)
      .add("Init", options.init)
      .add("AutoRemove", options.auto_remove)
      .add("ReadOnly", options.read_only)
      .add("CapabilitiesAdd", options.capabilities_add)
      .add("CapabilitiesDrop", options.capabilities_drop)
      .add("SecurityOptions", options.security_options)
      .add("Pod", options.pod)
      .add("Systemd", options.systemd)
      .add("LogDriver", options.log_driver);
  add_limit_keys(reader, options.limits);
  add_health_keys(reader, options.health);
  reader.on<std::string>("Network", [&options](std::string text) {
    options.network = std::move(text);
    options.names_network = true;
    return Result<void>();
  });
  add_size(reader, options.console_size);
  reader.on<std::string>("SdNotify", [&options](const std::string& text) -> Result<void> {
    options.notify = AMBIT_TRY(spec::parse_notify_mode(text));
    return {};
  });
  reader.on<std::string>("RestartPolicy", [&options](const std::string& text) -> Result<void> {
    options.restart = AMBIT_TRY(spec::parse_restart_policy(text));
    return {};
  });
  reader.on<std::vector<MountTuple>>("Mounts", [&options](std::vector<MountTuple> mounts) {
    for (auto& [type, source, destination, mount_options] : mounts)
      options.mounts.push_back({.destination = std::move(destination),
                                .type = std::move(type),
                                .source = std::move(source),
                                .options = std::move(mount_options)});
    return Result<void>();
  });
  reader.on<std::vector<UlimitTuple>>("Ulimits", [&options](std::vector<UlimitTuple> ulimits) {
    for (auto& [name, soft, hard] : ulimits)
      options.ulimits.push_back({.name = std::move(name), .soft = soft, .hard = hard});
    return Result<void>();
  });
}

void add_pipe_keys(bus::OptionReader& reader, engine::ClientStreams& streams) {
  reader.add("Stdin", streams.stdin_fd)
      .add("Stdout", streams.stdout_fd)
      .add("Stderr", streams.stderr_fd);
}

void add_start_keys(bus::OptionReader& reader, engine::ClientStreams& streams) {
  streams.service.until_ready = true;
  add_pipe_keys(reader, streams);
  reader.add("TerminalSocket", streams.terminal)
      .add("ListenDescriptors", streams.service.listen_fds)
      .add("ListenNames", streams.service.listen_names)
      .add("WatchdogUSec", streams.service.watchdog_usec)
      .add("ServiceUnit", streams.service.unit)
      .add("UntilReady", streams.service.until_ready);
}

using LogTexts = std::map<std::string, std::string>;

// They depend on the driver, which may come behind them.
Result<void> take_log_options(const LogTexts& texts, spec::ContainerOptions& options) {
  const std::string& driver = options.log_driver;
  if (!driver.empty()) AMBIT_TRY(spec::check_log_driver(driver));
  options.log =
      AMBIT_TRY(spec::parse_log_options(texts, driver.empty() ? spec::kLogJournald : driver));
  return {};
}

}  // namespace

Result<void> read_create_options(bus::Message& call, spec::ContainerOptions& options) {
  bus::OptionReader reader;
  add_create_keys(reader, options);
  LogTexts log;
  reader.add("LogOptions", log);
  AMBIT_TRY(reader.read(call));
  return take_log_options(log, options);
}

Result<void> read_start_options(bus::Message& call, engine::ClientStreams& streams) {
  bus::OptionReader reader;
  add_start_keys(reader, streams);
  add_size(reader, streams.console_size);
  return reader.read(call);
}

Result<void> read_run_options(bus::Message& call, spec::ContainerOptions& options,
                              engine::ClientStreams& streams) {
  bus::OptionReader reader;
  add_create_keys(reader, options);
  add_start_keys(reader, streams);
  LogTexts log;
  reader.add("LogOptions", log);
  AMBIT_TRY(reader.read(call));
  AMBIT_TRY(take_log_options(log, options));
  streams.console_size = options.console_size;
  return {};
}

Result<void> read_exec_options(bus::Message& call, engine::ExecOptions& options) {
  bus::OptionReader reader;
  add_pipe_keys(reader, options.streams);
  add_size(reader, options.streams.console_size);
  return reader.add("Environment", options.environment)
      .add("WorkingDirectory", options.working_dir)
      .add("User", options.user)
      .add("Terminal", options.terminal)
      .add("TerminalSocket", options.streams.terminal)
      .add("Privileged", options.privileged)
      .add("PreservedFds", options.preserved_fds)
      .read(call);
}

Result<RemoveOptions> read_remove_options(bus::Message& call) {
  RemoveOptions options;
  bool force = false;
  AMBIT_TRY(
      bus::OptionReader().add("Force", force).add("TimeoutUSec", options.timeout_usec).read(call));
  if (force) options.mode = engine::RemoveMode::Force;
  if (options.timeout_usec && !force)
    return Error(ErrorCode::InvalidArgument, "option \"TimeoutUSec\" needs \"Force\"");
  return options;
}

Result<engine::RemoveMode> read_image_remove_options(bus::Message& call) {
  bool force = false;
  AMBIT_TRY(bus::OptionReader().add("Force", force).read(call));
  return force ? engine::RemoveMode::Force : engine::RemoveMode::OnlyStopped;
}

Result<std::vector<std::string>> read_attach_options(bus::Message& call) {
  bool in = true;
  bool out = true;
  bool err = true;
  AMBIT_TRY(bus::OptionReader().add("Stdin", in).add("Stdout", out).add("Stderr", err).read(call));
  Strings streams;
  if (in) streams.emplace_back("stdin");
  if (out) streams.emplace_back("stdout");
  if (err) streams.emplace_back("stderr");
  if (streams.empty())
    return Error(ErrorCode::InvalidArgument, "none of Stdin, Stdout and Stderr is asked for");
  return streams;
}

Result<void> read_import_options(bus::Message& call, spec::ImageConfig& config) {
  return bus::OptionReader()
      .add("Command", config.cmd)
      .add("Entrypoint", config.entrypoint)
      .add("Environment", config.env)
      .add("WorkingDirectory", config.working_dir)
      .add("User", config.user)
      .add("StopSignal", config.stop_signal)
      .add("Labels", config.labels)
      .read(call);
}

Result<std::string> read_load_options(bus::Message& call) {
  std::string reference;
  AMBIT_TRY(bus::OptionReader().add("Reference", reference).read(call));
  return reference;
}

}  // namespace ambit::daemon
