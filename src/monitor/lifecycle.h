#pragma once

#include <string>

#include "spec/exit_record.h"
#include "spec/monitor_settings.h"

// The monitor's own records of a container's life (systemd/event.h), ready for the journal. They
// are written whatever becomes of the output.
namespace ambit::monitor {

std::string started_record(const spec::MonitorSettings& settings, int pid);

// `signal`: what the first process is sent.
std::string stopping_record(const spec::MonitorSettings& settings, int signal);

// One record, and before it one of memory that ran out where it did. `wait_status` is PID 1's.
struct EndRecords {
  std::string oom;  // "" where no process was killed for memory
  std::string exited;
};
EndRecords end_records(const spec::MonitorSettings& settings, const spec::ExitRecord& record,
                       int wait_status);

}  // namespace ambit::monitor
