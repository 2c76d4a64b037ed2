#include <poll.h>

#include <cerrno>
#include <csignal>

#include "oci/launch.h"
#include "oci/log.h"
#include "oci/status.h"
#include "os/process.h"
#include "sandbox/hooks.h"

namespace ambit::oci {
namespace {

constexpr int kKillTimeoutMs = 10000;

// The first process takes those of its PID namespace with it.
Result<void> kill_first_process(const StoredState& state) {
  const UniqueFd process = open_container_process(state);
  if (!process) return {};
  auto sent = os::send_signal(process.get(), SIGKILL);
  if (!sent && sent.error().code() != ErrorCode::NotFound) return sent;
  pollfd poll_fd = {.fd = process.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_fd, 1, kKillTimeoutMs);
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return {};
  return Error(ErrorCode::Timeout, "container " + state.id + ": its process does not end");
}

}  // namespace

void run_poststart_hooks(const Context& context, const StoredState& state,
                         const spec::RuntimeSpec& spec) {
  const std::string text = spec::write_state(make_state(state, Status::Running, spec));
  const auto run = sandbox::run_all_hooks(spec.hooks.poststart, "poststart", text);
  if (!run) write_log(context.log, LogLevel::Warning, run.error().message());
}

Result<void> remove_container(const Context& context, const StateFolder& folder,
                              const StoredState& state) {
  const auto spec = folder.config();
  AMBIT_TRY(kill_first_process(state));
  AMBIT_TRY(destroy_planned_cgroup(state.cgroup));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  AMBIT_TRY(store.remove(folder.id()));
  if (!spec) return {};
  const std::string text = spec::write_state(make_state(state, Status::Stopped, *spec));
  const auto run = sandbox::run_all_hooks((*spec).hooks.poststop, "poststop", text);
  if (!run) write_log(context.log, LogLevel::Warning, run.error().message());
  return {};
}

}  // namespace ambit::oci
