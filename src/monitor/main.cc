#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <string>
#include <utility>

#include "base/log.h"
#include "monitor/descriptors.h"
#include "monitor/exec.h"
#include "monitor/hold.h"
#include "monitor/monitor.h"
#include "monitor/signals.h"
#include "os/file.h"
#include "spec/monitor_settings.h"

// ambit-monitor run|exec|hold NAME DESCRIPTORS: see spec/monitor_settings.h, monitor/exec.h and
// spec/holder_settings.h. Started by ambitd, never by people.
namespace {

using namespace ambit;
using namespace ambit::monitor;

constexpr std::size_t kMaxSettingsBytes = 65536;

// A memfd has no name that ps could show, and its core would hold what the container says.
void prepare_process() {
  (void)::prctl(PR_SET_NAME, "ambit-monitor");
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Result<void> run(Descriptors descriptors, UniqueFd signal_fd) {
  AMBIT_TRY(descriptors.require({"control", "settings"}));
  const std::string text = AMBIT_TRY(os::read_all(descriptors.get("settings"), kMaxSettingsBytes));
  spec::MonitorSettings settings = AMBIT_TRY(spec::parse_monitor_settings(text));
  Monitor monitor(std::move(settings), std::move(descriptors), std::move(signal_fd));
  return monitor.run();
}

Result<void> run_mode(const char* mode, const char* names) {
  prepare_process();
  UniqueFd signal_fd = AMBIT_TRY(block_signals());
  Descriptors descriptors = AMBIT_TRY(Descriptors::adopt(names));
  if (std::strcmp(mode, "run") == 0) return run(std::move(descriptors), std::move(signal_fd));
  if (std::strcmp(mode, "hold") == 0) {
    AMBIT_TRY(descriptors.require({"control", "listen"}));
    return run_hold(std::move(descriptors), std::move(signal_fd));
  }
  if (std::strcmp(mode, "exec") != 0)
    return Error(ErrorCode::InvalidArgument, std::string("no such mode: ") + mode);
  AMBIT_TRY(descriptors.require({"control"}));
  return run_exec(std::move(descriptors), std::move(signal_fd));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    log(LogLevel::Error, "ambit-monitor is started by ambitd");
    return 2;
  }
  const Result<void> result = run_mode(argv[1], argv[3]);
  if (result) return 0;
  log(LogLevel::Debug, "%s: %s", argv[2], result.error().message().c_str());
  return 1;
}
