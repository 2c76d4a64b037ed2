#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/wire.h"
#include "daemon/services.h"
#include "engine/container.h"

namespace ambit::daemon {

// One container on the bus, dbus/org.ambit.Ambit1.Container.xml. Translates between messages and
// the engine; decides nothing.
class ContainerObject {
 public:
  // The container must outlive the object.
  ContainerObject(const Services& services, const engine::Container& container);
  ContainerObject(const ContainerObject&) = delete;
  ContainerObject& operator=(const ContainerObject&) = delete;
  ~ContainerObject() = default;

  // Puts it on the bus until it is destroyed.
  Result<void> publish();

  // One PropertiesChanged with all that differs from `before`.
  void tell_changes(const engine::Container& before);
  void tell_exit();
  void tell_notified(const std::string& text);

  const std::string& path() const noexcept { return path_; }

 private:
  using Strings = std::vector<std::string>;
  using PastRunRow = std::tuple<std::int64_t, std::int64_t, std::int32_t, std::string, bool>;
  using HealthRow = std::tuple<std::int64_t, std::int64_t, std::int32_t, std::string>;
  using MountRow = std::tuple<std::string, std::string, std::string, Strings>;

  static const sd_bus_vtable kVtable[];

  std::string id() const { return container_.record.id; }
  std::string image() const { return container_.record.image; }
  std::string image_id() const { return container_.record.image_id; }
  Strings command() const { return container_.record.command; }
  std::int64_t created_at() const { return container_.record.created_usec; }
  std::map<std::string, std::string> labels() const { return container_.record.options.labels; }
  Strings environment() const { return container_.record.environment; }
  std::vector<MountRow> mounts() const;
  Strings networks() const { return {container_.record.options.network}; }
  std::int32_t stop_signal() const { return container_.record.stop_signal; }
  std::uint64_t stop_timeout_usec() const { return container_.record.stop_timeout_usec; }
  std::uint64_t runtime_max_usec() const { return container_.record.options.runtime_max_usec; }
  bool auto_remove() const { return container_.record.options.auto_remove; }
  bool terminal() const { return container_.record.options.terminal; }
  std::string pod() const { return container_.record.options.pod; }
  std::string sd_notify_mode() const { return to_string(container_.record.options.notify); }
  Strings health_check() const { return container_.record.health.command; }
  std::string restart_policy() const { return to_string(container_.record.options.restart); }
  std::string log_driver() const { return container_.record.options.log_driver; }
  std::map<std::string, std::string> log_options() const {
    return spec::log_option_texts(container_.record.options.log);
  }
  std::string log_path() const { return services_.engine.log_path(container_); }
  std::string log_fallback_reason() const { return container_.record.options.log.fallback_reason; }

  std::string name() const { return container_.record.name; }
  std::string state() const { return engine::to_string(container_.run.state); }
  std::string unit() const { return container_.run.unit; }
  std::string control_group() const { return container_.run.control_group; }
  std::uint32_t main_pid() const { return static_cast<std::uint32_t>(container_.run.main_pid); }
  std::int64_t started_at() const { return container_.run.started_usec; }
  std::int64_t exited_at() const { return container_.run.exited_usec; }
  std::int32_t exit_code() const { return container_.run.exit_code; }
  std::vector<PastRunRow> past_runs() const;
  std::string exit_reason() const { return container_.run.exit_reason; }
  bool oom_killed() const { return container_.run.oom_killed; }
  bool ready() const { return container_.run.ready; }
  std::string status_text() const { return container_.run.status_text; }
  std::string health() const { return to_string(container_.health.health); }
  std::uint32_t health_failures() const { return container_.health.failures; }
  std::vector<HealthRow> health_log() const;
  std::uint32_t restart_count() const { return container_.restart.count; }
  std::int64_t restart_at() const { return container_.restart.due_usec; }
  std::string restart_error() const { return container_.restart.error; }

  Result<void> on_start(bus::Message& call);
  Result<void> on_stop(bus::Message& call);
  Result<void> on_restart(bus::Message& call);
  Result<void> on_kill(bus::Message& call);
  Result<void> on_pause(bus::Message& call);
  Result<void> on_resume(bus::Message& call);
  Result<void> on_remove(bus::Message& call);
  Result<void> on_rename(bus::Message& call);
  Result<void> on_set_restart_policy(bus::Message& call);
  Result<void> on_wait(bus::Message& call);
  Result<void> on_exec(bus::Message& call);
  Result<void> on_check_health(bus::Message& call);
  Result<void> on_attach(bus::Message& call);
  Result<void> on_resize_terminal(bus::Message& call);
  Result<void> on_processes(bus::Message& call);
  Result<void> on_list_processes(bus::Message& call);
  Result<void> on_statistics(bus::Message& call);
  Result<void> on_inspect(bus::Message& call);
  Result<void> on_set_limits(bus::Message& call);

  Services services_;
  const engine::Container& container_;
  std::string path_;
  bus::Slot slot_;
};

}  // namespace ambit::daemon
