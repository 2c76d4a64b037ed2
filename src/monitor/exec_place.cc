#include "monitor/exec_place.h"

#include <unistd.h>

#include <csignal>

#include "monitor/process_tree.h"
#include "os/cgroup.h"

namespace ambit::monitor {
namespace {

constexpr char kSupervisor[] = "supervisor";
constexpr char kPayload[] = "payload";

}  // namespace

Result<ExecPlace> ExecPlace::enter(int scope_fd) {
  ExecPlace place;
  if (scope_fd < 0) return place;
  UniqueFd supervisor = AMBIT_TRY(os::make_child_cgroup(scope_fd, kSupervisor));
  AMBIT_TRY(os::move_to_cgroup(supervisor.get(), ::getpid()).context("moving to supervisor"));
  const std::string path = AMBIT_TRY(os::cgroup_of(::getpid()));
  place.payload_ = path.substr(0, path.rfind('/') + 1) + kPayload;
  return place;
}

void ExecPlace::kill(const os::Process& process) const {
  if (!payload_.empty() && kill_tree(process.pid, payload_)) return;
  // The process itself at least; one that has gone is fine.
  (void)os::send_signal(process.pidfd.get(), SIGKILL);
}

}  // namespace ambit::monitor
