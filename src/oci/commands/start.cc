#include <unistd.h>

#include "oci/commands.h"
#include "oci/launch.h"
#include "oci/notify.h"
#include "oci/status.h"
#include "sandbox/start_socket.h"

namespace ambit::oci {

Result<int> run_start(const Context& context, const Arguments& arguments) {
  Options options;
  const std::string id = AMBIT_TRY(only_id(options.parse(arguments), "start ID"));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  StateFolder folder = AMBIT_TRY(store.find(id));
  AMBIT_TRY(folder.lock());
  const StoredState state = AMBIT_TRY(folder.state());
  const Status status = AMBIT_TRY(status_of(folder, state));
  if (status == Status::Running || status == Status::Paused)
    return Error(ErrorCode::AlreadyRunning, "cannot start an already running container: " + id);
  if (status != Status::Created)
    return Error(ErrorCode::NotRunning, "cannot start a container that has " +
                                            std::string(status_name(status)) + ": " + id);
  const spec::RuntimeSpec spec = AMBIT_TRY(folder.config());
  const UniqueFd process = open_container_process(state);
  NotifyProxy notify = NotifyProxy::of_caller();
  AMBIT_TRY(notify.listen(folder));
  AMBIT_TRY(
      sandbox::start_created(folder.fd(), StateFolder::kStartSocket).context("container " + id));
  (void)::unlinkat(folder.fd(), StateFolder::kStartSocket, 0);
  run_poststart_hooks(context, state, spec);
  // It may take its time, and be killed meanwhile.
  folder.unlock();
  notify.wait_until_ready(process.get(), state.pid);
  return 0;
}

}  // namespace ambit::oci
