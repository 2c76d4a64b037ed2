#include "monitor/lifecycle.h"

#include <sys/wait.h>

#include "base/signals.h"
#include "base/strings.h"
#include "systemd/event.h"

namespace ambit::monitor {
namespace {

using systemd::Event;
using systemd::EventRecord;

EventRecord record_of(const spec::MonitorSettings& settings, Event event, std::string message) {
  EventRecord record{.event = event, .message = std::move(message)};
  record.fields.emplace_back("USER_UNIT", settings.unit);
  if (!settings.labels.empty()) record.fields.emplace_back("AMBIT_LABELS", settings.labels);
  return record;
}

std::string how_it_ended(const std::string& name, const spec::ExitRecord& record, int status) {
  const char* what = name.c_str();
  if (!WIFSIGNALED(status)) return strf("%s exited with code %d", what, record.exit_code);
  const std::string signal = signal_name(WTERMSIG(status));
  if (record.reason == "oom")
    return strf("%s was killed by %s, because its memory ran out (code %d)", what, signal.c_str(),
                record.exit_code);
  if (record.reason == "timeout")
    return strf("%s was ended by %s, because its time was up (code %d)", what, signal.c_str(),
                record.exit_code);
  return strf("%s was ended by %s (code %d)", what, signal.c_str(), record.exit_code);
}

}  // namespace

std::string started_record(const spec::MonitorSettings& settings, int pid) {
  EventRecord record = record_of(settings, Event::ContainerStarted, settings.name + " started");
  record.fields.emplace_back("AMBIT_PID", std::to_string(pid));
  return journal_record(record);
}

std::string stopping_record(const spec::MonitorSettings& settings, int signal) {
  const std::string name = signal_name(signal);
  EventRecord record =
      record_of(settings, Event::ContainerStopping,
                strf("%s is being stopped with %s", settings.name.c_str(), name.c_str()));
  record.fields.emplace_back("AMBIT_SIGNAL", name);
  return journal_record(record);
}

std::string oom_record(const spec::MonitorSettings& settings) {
  EventRecord record =
      record_of(settings, Event::ContainerOom,
                settings.name + ": a process was killed, because the container's memory ran out");
  record.priority = systemd::kWarning;
  return journal_record(record);
}

std::string exited_record(const spec::MonitorSettings& settings, const spec::ExitRecord& record,
                          int wait_status) {
  EventRecord exited =
      record_of(settings, Event::ContainerExited, how_it_ended(settings.name, record, wait_status));
  if (record.oom_killed) exited.priority = systemd::kWarning;
  exited.fields.emplace_back("AMBIT_EXIT_CODE", std::to_string(record.exit_code));
  exited.fields.emplace_back("AMBIT_EXIT_REASON", record.reason);
  if (WIFSIGNALED(wait_status))
    exited.fields.emplace_back("AMBIT_SIGNAL", signal_name(WTERMSIG(wait_status)));
  return journal_record(exited);
}

}  // namespace ambit::monitor
