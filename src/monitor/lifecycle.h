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

// The kernel has killed a process, because the container's memory ran out.
std::string oom_record(const spec::MonitorSettings& settings);

// `wait_status` is PID 1's.
std::string exited_record(const spec::MonitorSettings& settings, const spec::ExitRecord& record,
                          int wait_status);

}  // namespace ambit::monitor
