#include <csignal>

#include "base/signals.h"
#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/status.h"
#include "os/process.h"

namespace ambit::oci {
namespace {

Result<int> usage() {
  return Error(ErrorCode::InvalidArgument, "usage: ambit-oci kill [--all] ID [SIGNAL]");
}

// 0 reaches nobody, and asks whether it could (kill(2)).
Result<int> wanted_signal(const Arguments& arguments) {
  if (arguments.size() < 2) return SIGTERM;
  return arguments[1] == "0" ? Result<int>(0) : parse_signal(arguments[1]);
}

}  // namespace

Result<int> run_kill(const Context& context, const Arguments& arguments) {
  bool all = false;
  Options options;
  options.flag("all", 'a', all);
  const Arguments others = AMBIT_TRY(options.parse(arguments));
  if (others.empty() || others.size() > 2) return usage();
  const int signal = AMBIT_TRY(wanted_signal(others));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(others[0]));
  const StoredState state = AMBIT_TRY(folder.state());
  // Nobody left is everybody reached.
  if (all && !state.cgroup.path.empty()) {
    AMBIT_TRY(kill_all(state.cgroup, signal));
    return 0;
  }
  const UniqueFd process = open_container_process(state);
  if (all && !process) return 0;
  if (!process) return Error(ErrorCode::NotRunning, "container not running: " + others[0]);
  AMBIT_TRY(os::send_signal(process.get(), signal).context("container " + others[0]));
  return 0;
}

Result<int> run_delete(const Context& context, const Arguments& arguments) {
  bool force = false;
  Options options;
  options.flag("force", 'f', force);
  const std::string id = AMBIT_TRY(only_id(options.parse(arguments), "delete [--force] ID"));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  auto found = store.find(id);
  if (!found && force && found.error().code() == ErrorCode::NoSuchContainer) return 0;
  StateFolder folder = AMBIT_TRY(std::move(found));
  const auto locked = folder.lock();
  if (!locked && force && locked.error().code() == ErrorCode::NoSuchContainer) return 0;
  AMBIT_TRY(locked);
  auto state = folder.state();
  // A state that can't be read names no process; its folder must go all the same.
  if (!state && !force) return std::move(state).error();
  const StoredState known = state ? *state : StoredState{.id = id};
  const Status status = AMBIT_TRY(status_of(folder, known));
  // One whose command never ran has nothing to lose: other runtimes delete it too.
  if (status != Status::Stopped && status != Status::Created && !force)
    return Error(ErrorCode::Busy,
                 "cannot delete container " + id + " that is not stopped: " + status_name(status));
  AMBIT_TRY(remove_container(context, folder, known));
  return 0;
}

}  // namespace ambit::oci
