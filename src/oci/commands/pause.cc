#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/status.h"

namespace ambit::oci {
namespace {

Result<StoredState> find(const Context& context, const Arguments& arguments, const char* usage,
                         Status wanted) {
  Options options;
  const std::string id = AMBIT_TRY(only_id(options.parse(arguments), usage));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(id));
  StoredState state = AMBIT_TRY(folder.state());
  const Status status = AMBIT_TRY(status_of(folder, state));
  if (status == wanted || (status == Status::Created && wanted == Status::Running)) return state;
  return Error(ErrorCode::NotRunning, "container " + id + " is not " + status_name(wanted) +
                                          ", it is " + status_name(status));
}

}  // namespace

Result<int> run_pause(const Context& context, const Arguments& arguments) {
  const StoredState state = AMBIT_TRY(find(context, arguments, "pause ID", Status::Running));
  AMBIT_TRY(freeze(state.cgroup).context("container " + state.id));
  return 0;
}

Result<int> run_resume(const Context& context, const Arguments& arguments) {
  const StoredState state = AMBIT_TRY(find(context, arguments, "resume ID", Status::Paused));
  AMBIT_TRY(thaw(state.cgroup).context("container " + state.id));
  return 0;
}

}  // namespace ambit::oci
