#include <utility>

#include "engine/engine_impl.h"
#include "engine/exec_folders.h"
#include "os/socket.h"

// Finding further commands again that an earlier ambitd started.
namespace ambit::engine {

void Engine::Impl::adopt_execs(const std::string& container_id) {
  auto runtime = records.open_runtime_dir(container_id);
  if (!runtime) return;
  for (FoundExec& found : find_exec_folders(runtime->get())) {
    const std::string id = found.record.id;
    if (found.record.is_check) {
      end_left_check(container_id, found);
      continue;
    }
    Exec& exec = execs[id] = Exec{.id = id,
                                  .container_id = container_id,
                                  .command = found.record.command,
                                  .pid = found.record.pid,
                                  .terminal = found.record.terminal};
    // Its helper answers, or has left the exit code, or was killed: then nobody knows it.
    auto socket = found.exit ? Result<UniqueFd>(Error(ErrorCode::NotFound, "it has ended"))
                             : os::connect_packets(found.folder.get(), spec::kMonitorSocketName);
    auto session = socket ? ExecSession::adopt(loop, *std::move(socket), exec_events(id, nullptr))
                          : Result<std::unique_ptr<ExecSession>>(socket.error());
    exec.running = session.has_value();
    if (session) {
      exec_sessions.emplace(id, *std::move(session));
    } else {
      exec.exit_code = found.exit ? found.exit->exit_code : kExitCodeUnknown;
      forget_exec_later(id);
    }
  }
}

}  // namespace ambit::engine
