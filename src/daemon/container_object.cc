#include "daemon/container_object.h"

#include <csignal>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "bus/vtable.h"
#include "daemon/call_options.h"
#include "daemon/command_line.h"
#include "daemon/object_paths.h"
#include "daemon/statistics.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kEmits = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kTells = SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

// A signal that got lost is not worth failing for: clients can still read the property.
void note(const Result<void>& sent) {
  if (!sent) log(LogLevel::Warning, "%s", sent.error().message().c_str());
}

}  // namespace

// Order: constant properties, changing properties, methods, signals. Names and signatures are
// public API: they do not change, they get a successor. tests/dbus/introspect compares them with
// the XML.
const sd_bus_vtable ContainerObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Id", "s", bus::property<&ContainerObject::id>, 0, kConst),
    SD_BUS_PROPERTY("Image", "s", bus::property<&ContainerObject::image>, 0, kConst),
    SD_BUS_PROPERTY("ImageId", "s", bus::property<&ContainerObject::image_id>, 0, kConst),
    SD_BUS_PROPERTY("Command", "as", bus::property<&ContainerObject::command>, 0, kConst),
    SD_BUS_PROPERTY("CreatedAt", "x", bus::property<&ContainerObject::created_at>, 0, kConst),
    SD_BUS_PROPERTY("Labels", "a{ss}", bus::property<&ContainerObject::labels>, 0, kConst),
    SD_BUS_PROPERTY("Environment", "as", bus::property<&ContainerObject::environment>, 0, kConst),
    SD_BUS_PROPERTY("Mounts", "a(sssas)", bus::property<&ContainerObject::mounts>, 0, kConst),
    SD_BUS_PROPERTY("Networks", "as", bus::property<&ContainerObject::networks>, 0, kConst),
    SD_BUS_PROPERTY("StopSignal", "i", bus::property<&ContainerObject::stop_signal>, 0, kConst),
    SD_BUS_PROPERTY("StopTimeoutUSec", "t", bus::property<&ContainerObject::stop_timeout_usec>, 0,
                    kConst),
    SD_BUS_PROPERTY("RuntimeMaxUSec", "t", bus::property<&ContainerObject::runtime_max_usec>, 0,
                    kConst),
    SD_BUS_PROPERTY("AutoRemove", "b", bus::property<&ContainerObject::auto_remove>, 0, kConst),
    SD_BUS_PROPERTY("Terminal", "b", bus::property<&ContainerObject::terminal>, 0, kConst),
    SD_BUS_PROPERTY("Pod", "s", bus::property<&ContainerObject::pod>, 0, kConst),
    SD_BUS_PROPERTY("SdNotify", "s", bus::property<&ContainerObject::sd_notify_mode>, 0, kConst),
    SD_BUS_PROPERTY("LogDriver", "s", bus::property<&ContainerObject::log_driver>, 0, kConst),
    SD_BUS_PROPERTY("LogOptions", "a{ss}", bus::property<&ContainerObject::log_options>, 0, kConst),
    SD_BUS_PROPERTY("LogPath", "s", bus::property<&ContainerObject::log_path>, 0, kConst),
    SD_BUS_PROPERTY("LogFallbackReason", "s", bus::property<&ContainerObject::log_fallback_reason>,
                    0, kConst),

    SD_BUS_PROPERTY("HealthCheck", "as", bus::property<&ContainerObject::health_check>, 0, kConst),

    SD_BUS_PROPERTY("Name", "s", bus::property<&ContainerObject::name>, 0, kEmits),
    SD_BUS_PROPERTY("State", "s", bus::property<&ContainerObject::state>, 0, kEmits),
    SD_BUS_PROPERTY("Unit", "s", bus::property<&ContainerObject::unit>, 0, kEmits),
    SD_BUS_PROPERTY("ControlGroup", "s", bus::property<&ContainerObject::control_group>, 0, kEmits),
    SD_BUS_PROPERTY("MainPID", "u", bus::property<&ContainerObject::main_pid>, 0, kEmits),
    SD_BUS_PROPERTY("StartedAt", "x", bus::property<&ContainerObject::started_at>, 0, kEmits),
    SD_BUS_PROPERTY("ExitedAt", "x", bus::property<&ContainerObject::exited_at>, 0, kEmits),
    SD_BUS_PROPERTY("ExitCode", "i", bus::property<&ContainerObject::exit_code>, 0, kEmits),
    SD_BUS_PROPERTY("ExitReason", "s", bus::property<&ContainerObject::exit_reason>, 0, kEmits),
    SD_BUS_PROPERTY("PastRuns", "a(xxisb)", bus::property<&ContainerObject::past_runs>, 0, kEmits),
    SD_BUS_PROPERTY("OomKilled", "b", bus::property<&ContainerObject::oom_killed>, 0, kEmits),
    SD_BUS_PROPERTY("Ready", "b", bus::property<&ContainerObject::ready>, 0, kEmits),
    SD_BUS_PROPERTY("StatusText", "s", bus::property<&ContainerObject::status_text>, 0, kEmits),
    SD_BUS_PROPERTY("Health", "s", bus::property<&ContainerObject::health>, 0, kEmits),
    SD_BUS_PROPERTY("HealthFailures", "u", bus::property<&ContainerObject::health_failures>, 0,
                    kEmits),
    SD_BUS_PROPERTY("HealthLog", "a(xxis)", bus::property<&ContainerObject::health_log>, 0, kTells),
    SD_BUS_PROPERTY("RestartPolicy", "s", bus::property<&ContainerObject::restart_policy>, 0,
                    kEmits),
    SD_BUS_PROPERTY("RestartCount", "u", bus::property<&ContainerObject::restart_count>, 0, kEmits),
    SD_BUS_PROPERTY("RestartAt", "x", bus::property<&ContainerObject::restart_at>, 0, kEmits),
    SD_BUS_PROPERTY("RestartError", "s", bus::property<&ContainerObject::restart_error>, 0, kEmits),

    SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_start>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("t", timeout_usec), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_stop>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_ARGS("t", timeout_usec), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_restart>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_kill>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_pause>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_resume>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_remove>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_rename>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("SetRestartPolicy", SD_BUS_ARGS("s", policy), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_set_restart_policy>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("i", code),
                            bus::method<&ContainerObject::on_wait>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Exec", SD_BUS_ARGS("as", command, "a{sv}", options),
                            SD_BUS_RESULT("o", exec), bus::method<&ContainerObject::on_exec>,
                            kOpen),
    SD_BUS_METHOD_WITH_ARGS("CheckHealth", SD_BUS_NO_ARGS,
                            SD_BUS_RESULT("i", exit_code, "s", output),
                            bus::method<&ContainerObject::on_check_health>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_ARGS("a{sv}", options),
                            SD_BUS_RESULT("ah", descriptors),
                            bus::method<&ContainerObject::on_attach>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ResizeTerminal", SD_BUS_ARGS("u", rows, "u", columns),
                            SD_BUS_NO_RESULT, bus::method<&ContainerObject::on_resize_terminal>,
                            kOpen),
    SD_BUS_METHOD_WITH_ARGS("Processes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(us)", processes),
                            bus::method<&ContainerObject::on_processes>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("SetLimits", SD_BUS_ARGS("a(sv)", properties), SD_BUS_NO_RESULT,
                            bus::method<&ContainerObject::on_set_limits>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListProcesses", SD_BUS_NO_ARGS,
                            SD_BUS_RESULT("a(uuuuusssttt)", processes),
                            bus::method<&ContainerObject::on_list_processes>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Statistics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", statistics),
                            bus::method<&ContainerObject::on_statistics>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                            bus::method<&ContainerObject::on_inspect>, kOpen),

    SD_BUS_SIGNAL_WITH_ARGS("Exited", SD_BUS_ARGS("i", code, "s", reason), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Notified", SD_BUS_ARGS("s", message), 0),

    SD_BUS_VTABLE_END,
};

ContainerObject::ContainerObject(const Services& services, const engine::Container& container)
    : services_(services), container_(container), path_(container_path(container.record.id)) {}

Result<void> ContainerObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(path_, kContainerInterface, kVtable, this));
  return services_.bus.emit_interfaces_added(path_, kContainerInterface);
}

void ContainerObject::tell_changes(const engine::Container& before) {
  const engine::RunState& was = before.run;
  const engine::RunState& is = container_.run;
  std::vector<std::string> names;
  const auto compare = [&names](const char* name, const auto& old_value, const auto& value) {
    if (old_value != value) names.emplace_back(name);
  };
  compare("Name", before.record.name, container_.record.name);
  compare("State", was.state, is.state);
  compare("Unit", was.unit, is.unit);
  compare("ControlGroup", was.control_group, is.control_group);
  compare("MainPID", was.main_pid, is.main_pid);
  compare("StartedAt", was.started_usec, is.started_usec);
  compare("ExitedAt", was.exited_usec, is.exited_usec);
  compare("ExitCode", was.exit_code, is.exit_code);
  compare("ExitReason", was.exit_reason, is.exit_reason);
  compare("PastRuns", before.past_runs, container_.past_runs);
  compare("OomKilled", was.oom_killed, is.oom_killed);
  compare("Ready", was.ready, is.ready);
  compare("StatusText", was.status_text, is.status_text);
  compare("Health", before.health.health, container_.health.health);
  compare("HealthFailures", before.health.failures, container_.health.failures);
  compare("HealthLog", before.health.results, container_.health.results);
  compare("RestartPolicy", to_string(before.record.options.restart), restart_policy());
  compare("RestartCount", before.restart.count, container_.restart.count);
  compare("RestartAt", before.restart.due_usec, container_.restart.due_usec);
  compare("RestartError", before.restart.error, container_.restart.error);
  note(services_.bus.emit_properties_changed(path_, kContainerInterface, names));
}

void ContainerObject::tell_exit() {
  auto signal = services_.bus.new_signal(path_, kContainerInterface, "Exited");
  if (!signal) return note(signal.error());
  const auto filled = signal->append(exit_code(), exit_reason());
  note(filled ? services_.bus.send(*signal) : filled);
}

std::vector<ContainerObject::PastRunRow> ContainerObject::past_runs() const {
  std::vector<PastRunRow> rows;
  for (const spec::PastRun& run : container_.past_runs)
    rows.emplace_back(run.started_usec, run.exited_usec, run.exit_code, run.reason, run.oom_killed);
  return rows;
}

std::vector<ContainerObject::HealthRow> ContainerObject::health_log() const {
  std::vector<HealthRow> rows;
  for (const spec::HealthResult& result : container_.health.results)
    rows.emplace_back(result.started_usec, result.ended_usec, result.exit_code, result.output);
  return rows;
}

void ContainerObject::tell_notified(const std::string& text) {
  auto signal = services_.bus.new_signal(path_, kContainerInterface, "Notified");
  if (!signal) return note(signal.error());
  const auto filled = signal->append(text);
  note(filled ? services_.bus.send(*signal) : filled);
}

std::vector<ContainerObject::MountRow> ContainerObject::mounts() const {
  std::vector<MountRow> rows;
  for (const spec::Mount& mount : container_.record.options.mounts)
    rows.emplace_back(mount.type, mount.source, mount.destination, mount.options);
  return rows;
}

Result<void> ContainerObject::on_start(bus::Message& call) {
  engine::ClientStreams streams;
  AMBIT_TRY(read_start_options(call, streams));
  services_.engine.start(
      id(), std::move(streams),
      [late = reply_later(services_, call)](const Result<void>& result) { late->finish(result); });
  return {};
}

Result<void> ContainerObject::on_stop(bus::Message& call) {
  const auto timeout_usec = AMBIT_TRY(call.read<std::uint64_t>());
  services_.engine.stop(
      id(), timeout_usec,
      [late = reply_later(services_, call)](const Result<void>& result) { late->finish(result); });
  return {};
}

Result<void> ContainerObject::on_restart(bus::Message& call) {
  const auto timeout_usec = AMBIT_TRY(call.read<std::uint64_t>());
  services_.engine.restart(
      id(), timeout_usec,
      [late = reply_later(services_, call)](const Result<void>& result) { late->finish(result); });
  return {};
}

Result<void> ContainerObject::on_kill(bus::Message& call) {
  const auto signal = AMBIT_TRY(call.read<std::int32_t>());
  if (signal <= 0 || signal > SIGRTMAX)
    return Error(ErrorCode::InvalidArgument, strf("there is no signal %d", signal));
  AMBIT_TRY(services_.engine.kill(id(), signal));
  return bus::reply(call);
}

Result<void> ContainerObject::on_pause(bus::Message& call) {
  services_.engine.pause(id(), [late = reply_later(services_, call)](const Result<void>& result) {
    late->finish(result);
  });
  return {};
}

Result<void> ContainerObject::on_resume(bus::Message& call) {
  services_.engine.resume(id(), [late = reply_later(services_, call)](const Result<void>& result) {
    late->finish(result);
  });
  return {};
}

Result<void> ContainerObject::on_remove(bus::Message& call) {
  const RemoveOptions options = AMBIT_TRY(read_remove_options(call));
  const auto late = reply_later(services_, call);
  const auto finish = [late](const Result<void>& result) { late->finish(result); };
  engine::Engine& engine = services_.engine;
  if (!options.timeout_usec) {
    engine.remove(id(), options.mode, finish);
    return {};
  }
  // A container that removes itself at its end may be gone when the stop is done.
  engine.stop(id(), *options.timeout_usec,
              [&engine, id = id(), finish](const Result<void>& stopped) {
                if (!stopped) return finish(stopped);
                if (engine.containers().count(id) == 0) return finish({});
                engine.remove(id, engine::RemoveMode::Force, finish);
              });
  return {};
}

Result<void> ContainerObject::on_rename(bus::Message& call) {
  const auto new_name = AMBIT_TRY(call.read<std::string>());
  AMBIT_TRY(services_.engine.rename(id(), new_name));
  return bus::reply(call);
}

Result<void> ContainerObject::on_set_restart_policy(bus::Message& call) {
  const auto text = AMBIT_TRY(call.read<std::string>());
  const spec::RestartPolicy policy = AMBIT_TRY(spec::parse_restart_policy(text));
  AMBIT_TRY(services_.engine.set_restart_policy(id(), policy));
  return bus::reply(call);
}

Result<void> ContainerObject::on_wait(bus::Message& call) {
  services_.engine.wait(
      id(), [late = reply_later(services_, call)](int code) { late->succeed(std::int32_t{code}); });
  return {};
}

Result<void> ContainerObject::on_exec(bus::Message& call) {
  engine::ExecOptions options;
  options.command = AMBIT_TRY(call.read<Strings>());
  AMBIT_TRY(read_exec_options(call, options));
  services_.engine.exec(id(), std::move(options),
                        [late = reply_later(services_, call)](const Result<std::string>& exec_id) {
                          if (exec_id)
                            late->succeed(bus::ObjectPath{exec_path(*exec_id)});
                          else
                            late->fail(exec_id.error());
                        });
  return {};
}

Result<void> ContainerObject::on_check_health(bus::Message& call) {
  services_.engine.check_health(
      id(), [late = reply_later(services_, call)](Result<spec::HealthResult> result) {
        if (result)
          late->succeed(std::int32_t{result->exit_code}, result->output);
        else
          late->fail(result.error());
      });
  return {};
}

Result<void> ContainerObject::on_attach(bus::Message& call) {
  std::vector<std::string> streams = AMBIT_TRY(read_attach_options(call));
  services_.engine.attach(
      id(), std::move(streams),
      [late = reply_later(services_, call)](const Result<std::vector<UniqueFd>>& fds) {
        if (fds)
          late->succeed(*fds);
        else
          late->fail(fds.error());
      });
  return {};
}

Result<void> ContainerObject::on_resize_terminal(bus::Message& call) {
  const auto [rows, columns] = AMBIT_TRY((call.read<std::uint32_t, std::uint32_t>()));
  if (rows > UINT16_MAX || columns > UINT16_MAX)
    return Error(ErrorCode::InvalidArgument, strf("no terminal has %u×%u cells", rows, columns));
  AMBIT_TRY(services_.engine.resize(id(), rows, columns));
  return bus::reply(call);
}

Result<void> ContainerObject::on_processes(bus::Message& call) {
  using Row = std::tuple<std::uint32_t, std::string>;
  std::vector<Row> rows;
  for (const pid_t pid : AMBIT_TRY(services_.engine.processes(id())))
    rows.emplace_back(static_cast<std::uint32_t>(pid), command_line_of(pid));
  return bus::reply(call, rows);
}

Result<void> ContainerObject::on_list_processes(bus::Message& call) {
  return bus::reply(call, AMBIT_TRY(list_processes(services_.engine, container_)));
}

Result<void> ContainerObject::on_statistics(bus::Message& call) {
  return bus::reply(call, AMBIT_TRY(read_statistics(services_.engine, container_)));
}

Result<void> ContainerObject::on_inspect(bus::Message& call) {
  services_.engine.inspect(id(),
                           [late = reply_later(services_, call)](const Result<std::string>& json) {
                             if (json)
                               late->succeed(*json);
                             else
                               late->fail(json.error());
                           });
  return {};
}

Result<void> ContainerObject::on_set_limits(bus::Message& call) {
  auto properties = AMBIT_TRY(call.read<systemd::UnitProperties>());
  services_.engine.set_limits(
      id(), std::move(properties),
      [late = reply_later(services_, call)](const Result<void>& result) { late->finish(result); });
  return {};
}

}  // namespace ambit::daemon
