#include <sys/wait.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "monitor/lifecycle.h"
#include "monitor/monitor.h"
#include "monitor/shown_code.h"
#include "os/file.h"
#include "spec/exit_record.h"
#include "systemd/drop_ins.h"

// From the end of PID 1 to the last word. The order is the contract: whoever is told that a
// container has exited finds its output in the journal, its record on disk, its cgroup gone.
namespace ambit::monitor {
namespace {

using std::chrono::seconds;

constexpr seconds kEmptyGrace{5};  // SIGKILL takes effect at once but for sleep in the kernel
constexpr seconds kReadGrace{10};
constexpr char kPowerOff[] = "poweroff";

void log_failure(const std::string& name, const Result<void>& result) {
  if (!result) log(LogLevel::Error, "%s: %s", name.c_str(), result.error().message().c_str());
}

}  // namespace

Result<void> Monitor::finish() {
  phase_ = Phase::Ending;
  AMBIT_TRY(empty_payload());
  AMBIT_TRY(read_rest());
  const spec::ExitRecord record = exit_record();
  AMBIT_TRY(deliver(record));
  log_failure(settings_.name, payload_.remove());
  control_.unlisten(descriptors_.get("run"));
  notify_.remove(descriptors_.get("run"));
  control_.tell_all({.type = spec::MonitorMessageType::Exited,
                     .a = record.exit_code,
                     .b = record.exited_usec,
                     .text = record.reason});
  return {};
}

// A process that was executed into the container, or one of a container that shares the host's PID
// namespace, outlives PID 1 and may hold its output open.
Result<void> Monitor::empty_payload() {
  const Clock::time_point deadline = Clock::now() + kEmptyGrace;
  auto populated = payload_.is_populated();
  if (populated && *populated) log_failure(settings_.name, payload_.kill());
  while (populated && *populated && Clock::now() < deadline) {
    polls_.want(payload_.events_fd(), POLLPRI);
    polls_.wake_at(deadline);
    AMBIT_TRY(step());
    populated = payload_.is_populated();
  }
  if (populated && *populated)
    log(LogLevel::Error, "%s: processes of the container can't be killed", settings_.name.c_str());
  return {};
}

Result<void> Monitor::read_rest() {
  streams_->begin_drain();
  const Clock::time_point deadline = Clock::now() + kReadGrace;
  while (!streams_->is_read() && Clock::now() < deadline) {
    polls_.wake_at(deadline);
    AMBIT_TRY(step());
  }
  return {};
}

// The record is written while journald reads. Durably it takes two fsyncs, some 10 ms on a disk.
Result<void> Monitor::deliver(const spec::ExitRecord& record) {
  // The kill that ended it may have been told while it was not known yet that it had.
  tell_oom_kills();
  streams_->tell(exited_record(settings_, record, exit_->wait_status));
  streams_->begin_delivery();
  const auto durability = settings_.transient ? os::Durability::Crash : os::Durability::PowerLoss;
  log_failure(settings_.name, os::write_file_atomic(descriptors_.get("data"), spec::kExitRecordName,
                                                    spec::write_exit_record(record), durability));
  while (!streams_->is_delivered(Clock::now())) AMBIT_TRY(step());
  return {};
}

// They vanish with the unit, and the unit with this process.
std::vector<std::string> Monitor::set_properties() const {
  if (!scope_ || settings_.transient) return {};
  const std::string unit = scope_->substr(scope_->rfind('/') + 1);
  return systemd::read_drop_ins(settings_.transient_dir, unit, *scope_);
}

// A process that is PID 1 of its namespace is deaf to these two, unless the kernel itself ends it
// so: for reboot(2) in the namespace (its "Behavior inside PID namespaces").
const char* Monitor::reboot_reason() const {
  const int status = exit_->wait_status;
  if (!owns_pids_ || !WIFSIGNALED(status)) return nullptr;
  if (WTERMSIG(status) == SIGINT) return kPowerOff;
  return WTERMSIG(status) == SIGHUP ? "reboot" : nullptr;
}

spec::ExitRecord Monitor::exit_record() const {
  const int status = exit_->wait_status;
  const char* const reboot = reboot_reason();
  const bool oom_killed = payload_.oom_kills() > 0;
  const bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  const auto boot_id = os::boot_id();
  return {.boot_id = boot_id ? *boot_id : "",
          .started_usec = started_usec_,
          .exited_usec = exit_->usec,
          .exit_code = reboot == kPowerOff ? 0 : shown_code(status),
          .reason = is_killed && oom_killed ? "oom"
                    : is_time_up_           ? "timeout"
                    : reboot != nullptr     ? reboot
                    : WIFSIGNALED(status)   ? "signal"
                                            : "exited",
          .oom_killed = oom_killed,
          .stop_requested = stop_.has_begun(),
          .set_properties = set_properties()};
}

}  // namespace ambit::monitor
