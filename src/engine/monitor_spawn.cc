#include "engine/monitor_spawn.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "os/file.h"
#include "os/socket.h"
#include "spec/exec_record.h"
#include "spec/monitor_settings.h"
#include "systemd/unit_name.h"

namespace ambit::engine {
namespace {

// Descriptors with the names under which the monitor finds them.
class NamedFds {
 public:
  void add(std::string name, int fd) {
    if (fd < 0) return;
    names_.push_back(std::move(name));
    fds_.push_back(fd);
  }
  std::string names() const { return join(names_, ":"); }
  const std::vector<int>& fds() const noexcept { return fds_; }

 private:
  std::vector<std::string> names_;
  std::vector<int> fds_;
};

std::string labels_json(const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return "";
  return nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string settings_of(const SpawnPlan& plan) {
  const spec::ContainerRecord& record = *plan.record;
  return spec::write_monitor_settings(
      {.id = record.id,
       .name = record.name,
       .image = record.image,
       .stop_signal = record.stop_signal,
       .stop_timeout_usec = record.stop_timeout_usec,
       .runtime_max_usec = record.options.runtime_max_usec,
       .oom_group = plan.oom_group,
       .transient = record.options.auto_remove,
       .notify = record.options.notify == spec::NotifyMode::Container,
       .console = record.systemd.console,
       .delegate = record.systemd.active,
       .open_stdin = record.options.open_stdin,
       .log_driver = record.options.log_driver,
       .log_max_size_bytes = record.options.log.max_size_bytes,
       .log_max_files = record.options.log.max_files,
       .log_tag = record.options.log.tag,
       .transient_dir = plan.transient_dir,
       .unit = systemd::scope_unit(record.name),
       .labels = labels_json(record.options.labels)});
}

Result<SpawnedMonitor> spawn_verb(const char* verb, int exe_fd, const SpawnPlan& plan) {
  auto [control, far_control] = AMBIT_TRY(os::packet_pair());
  UniqueFd spec = AMBIT_TRY(os::sealed_memfd("ambit-spec", spec::write_runtime_spec(*plan.spec)));
  UniqueFd settings = AMBIT_TRY(os::sealed_memfd("ambit-settings", settings_of(plan)));
  UniqueFd seccomp;
  if (plan.seccomp != nullptr)
    seccomp = AMBIT_TRY(os::sealed_memfd("ambit-seccomp", *plan.seccomp));

  NamedFds fds;
  // First: so they have the numbers in the helper that they are to have in the command.
  for (const int fd : plan.preserved_fds)
    fds.add(strf("%s%zu", spec::kPreservedFd, fds.fds().size()), fd);
  int sockets = 0;
  for (const UniqueFd& socket : plan.streams->service.listen_fds)
    fds.add(strf("listen%d", sockets++), socket.get());
  fds.add("control", far_control.get());
  fds.add("spec", spec.get());
  fds.add("settings", settings.get());
  fds.add("userns", plan.base_userns);
  fds.add("run", plan.run_dir);
  fds.add("data", plan.data_dir);
  fds.add("pod", plan.pod);
  fds.add("pidfd", plan.pidfd);
  fds.add("cgroup", plan.cgroup);
  fds.add("seccomp", seccomp.get());
  fds.add("stdin", plan.streams->stdin_fd.get());
  fds.add("stdout", plan.streams->stdout_fd.get());
  fds.add("stderr", plan.streams->stderr_fd.get());
  fds.add("tty", plan.streams->terminal.get());
  os::Process process =
      AMBIT_TRY(os::spawn({.exe_fd = exe_fd,
                           .argv = {"ambit-monitor", verb, plan.record->name, fds.names()},
                           .env = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin"},
                           .fds = fds.fds()}));
  return SpawnedMonitor{.process = std::move(process), .control = std::move(control)};
}

}  // namespace

Result<SpawnedMonitor> spawn_monitor(int exe_fd, const SpawnPlan& plan) {
  return spawn_verb("run", exe_fd, plan);
}

Result<SpawnedMonitor> spawn_exec_helper(int exe_fd, const SpawnPlan& plan) {
  return spawn_verb("exec", exe_fd, plan);
}

}  // namespace ambit::engine
