#include <chrono>
#include <utility>

#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/environment.h"
#include "engine/exec_folders.h"
#include "engine/monitor_spawn.h"
#include "os/cgroup.h"

// Further commands in running containers.
namespace ambit::engine {
namespace {

constexpr std::size_t kMaxExecs = 1000;
constexpr std::size_t kMaxPreservedFds = 64;
// Whoever started it can ask for the exit code for so long.
constexpr std::chrono::minutes kKeepEnded{1};

// The container's own specification with another process. What confines the container confines
// the command, unless it is privileged: capabilities, no_new_privs and the filter are the same.
spec::ContainerRecord exec_record(const spec::ContainerRecord& record, const ExecOptions& options) {
  spec::ContainerRecord exec = record;
  exec.command = options.command;
  if (options.terminal && !record.options.terminal) assign(exec.environment, "TERM=xterm");
  for (const std::string& assignment : options.environment) assign(exec.environment, assignment);
  if (!options.working_dir.empty()) exec.working_dir = options.working_dir;
  if (!options.user.empty()) exec.user = options.user;
  exec.options.terminal = options.terminal;
  exec.options.console_size = options.streams.console_size;
  exec.systemd.console = false;
  exec.options.init = false;
  if (options.privileged) {
    exec.options.capabilities_add = {"ALL"};
    exec.options.capabilities_drop.clear();
    exec.options.security_options = {"seccomp=unconfined", "no-new-privileges=false"};
  }
  return exec;
}

spec::ExecRecord to_record(const Exec& exec) {
  return {.id = exec.id,
          .command = exec.command,
          .pid = exec.pid,
          .terminal = exec.terminal,
          .is_check = exec.is_check};
}

Result<void> check_streams(const ExecOptions& options) {
  const ClientStreams& streams = options.streams;
  if (options.terminal && (streams.stdin_fd || streams.stdout_fd || streams.stderr_fd))
    return Error(ErrorCode::InvalidArgument,
                 "a command with a terminal has no Stdin, Stdout and Stderr: it is TerminalSocket");
  if (!options.terminal && (streams.terminal || streams.console_size))
    return Error(ErrorCode::InvalidArgument,
                 "TerminalSocket and TerminalSize need Terminal: the command has no terminal");
  if (options.preserved_fds.size() > kMaxPreservedFds)
    return Error(ErrorCode::InvalidArgument, strf("%zu descriptors are too many: %zu are possible",
                                                  options.preserved_fds.size(), kMaxPreservedFds));
  return {};
}

Result<void> check_exec(const Container& container, const ExecOptions& options) {
  const std::string& name = container.record.name;
  if (container.run.state == State::Paused) return is_paused(container);
  if (container.run.state != State::Running)
    return Error(ErrorCode::NotRunning,
                 "container " + name + " is " + to_string(container.run.state));
  if (options.command.empty() || options.command.front().empty())
    return Error(ErrorCode::InvalidArgument, "no command to execute");
  if (!options.working_dir.empty() && options.working_dir.front() != '/')
    return Error(ErrorCode::InvalidArgument,
                 "working folder is not an absolute path: '" + options.working_dir + "'");
  AMBIT_TRY(check_environment(options.environment));
  return check_streams(options);
}

}  // namespace

Result<std::unique_ptr<ExecSession>> Engine::Impl::spawn_exec(const Exec& exec,
                                                              const ExecOptions& exec_options,
                                                              ExecSession::Events events) {
  const Container& container = *containers.at(exec.container_id);
  const spec::ContainerRecord record = exec_record(container.record, exec_options);
  const spec::RuntimeSpec spec =
      AMBIT_TRY(make_launch_spec(record, {}, records.data_path(record.id)));
  UniqueFd pidfd = AMBIT_TRY(os::open_pidfd(container.run.main_pid));
  UniqueFd cgroup = AMBIT_TRY(os::open_cgroup(container.run.control_group));
  UniqueFd runtime = AMBIT_TRY(records.open_runtime_dir(record.id));
  SpawnPlan plan;
  plan.record = &record;
  plan.spec = &spec;
  plan.streams = &exec_options.streams;
  for (const UniqueFd& fd : exec_options.preserved_fds) plan.preserved_fds.push_back(fd.get());
  plan.base_userns = AMBIT_TRY(base_userns());
  plan.pidfd = pidfd.get();
  plan.cgroup = cgroup.get();
  plan.seccomp = AMBIT_TRY(seccomp_for(record, spec.process.capabilities.bounding));
  UniqueFd folder = AMBIT_TRY(make_exec_folder(runtime.get(), to_record(exec)));
  plan.run_dir = folder.get();
  auto session = [&]() -> Result<std::unique_ptr<ExecSession>> {
    SpawnedMonitor helper = AMBIT_TRY(spawn_exec_helper(programs.monitor.get(), plan));
    return ExecSession::start(loop, std::move(helper.process), std::move(helper.control),
                              std::move(events));
  }();
  if (!session) remove_exec_folder(runtime.get(), exec.id);
  return session;
}

Result<void> Engine::Impl::begin_exec(const Container& container, ExecOptions& exec_options,
                                      const ExecStarted& done) {
  AMBIT_TRY(check_exec(container, exec_options));
  if (execs.size() >= kMaxExecs)
    return Error(ErrorCode::Busy, strf("there are %zu exec sessions already", kMaxExecs));
  const std::string id = random_id();
  const Exec exec{.id = id,
                  .container_id = container.record.id,
                  .command = exec_options.command,
                  .terminal = exec_options.terminal};
  auto session = AMBIT_TRY(spawn_exec(exec, exec_options, exec_events(id, done)));
  exec_sessions.emplace(id, std::move(session));
  execs.emplace(id, exec);
  return {};
}

ExecSession::Events Engine::Impl::exec_events(const std::string& id, const ExecStarted& done) {
  return {.started = [this, id, done](pid_t pid) { on_exec_started(id, pid, done); },
          .failed = [this, id, done](Error error) { on_exec_failed(id, std::move(error), done); },
          .ended =
              [this, id](const ExecEnd& end) {
                drop_exec_session(id);
                settle_exec_end(id, end.exit_code);
              }};
}

// `done` is empty for one that was adopted.
void Engine::Impl::on_exec_started(const std::string& id, pid_t pid, const ExecStarted& done) {
  Exec& exec = execs.at(id);
  const bool is_known = exec.running && exec.pid == pid;
  exec.pid = pid;
  exec.running = true;
  // A lost write costs a later ambitd the number alone, and the helper knows that.
  if (auto runtime = records.open_runtime_dir(exec.container_id); runtime && !is_known)
    (void)save_exec_record(runtime->get(), to_record(exec));
  if (observer != nullptr && !is_known) observer->exec_changed(id);
  if (done) done(id);
}

void Engine::Impl::on_exec_failed(const std::string& id, Error error, const ExecStarted& done) {
  drop_exec_session(id);
  // Of an adopted one: its helper was killed before it could answer.
  if (!done) return settle_exec_end(id, kExitCodeUnknown);
  const Exec exec = std::move(execs.extract(id).mapped());
  remove_exec_files(exec);
  done(std::move(error));
}

// The session is in the middle of its own callback: it is destroyed when the loop comes round.
void Engine::Impl::drop_exec_session(const std::string& id) {
  finished_execs.push_back(std::move(exec_sessions.extract(id).mapped()));
  schedule_clean_up();
}

void Engine::Impl::settle_exec_end(const std::string& id, int code) {
  Exec& exec = execs.at(id);
  exec.running = false;
  exec.exit_code = code;
  if (observer != nullptr) observer->exec_changed(id);
  const auto waits = exec_waits.extract(id);
  if (!waits.empty())
    for (const WaitDone& done : waits.mapped()) done(code);
  forget_exec_later(id);
}

void Engine::Impl::forget_exec_later(const std::string& id) {
  auto timer = loop.on_timer(kKeepEnded, [this, id = id] {
    remove_exec_files(execs.at(id));
    execs.erase(id);
    if (observer != nullptr) observer->exec_changed(id);
    exec_timers.erase(id);
  });
  if (timer) exec_timers.emplace(id, *std::move(timer));
}

void Engine::Impl::remove_exec_files(const Exec& exec) {
  const auto container = containers.find(exec.container_id);
  if (container == containers.end() || !is_live(container->second->run.state)) return;
  if (auto runtime = records.open_runtime_dir(exec.container_id))
    remove_exec_folder(runtime->get(), exec.id);
}

void Engine::exec(const std::string& id, ExecOptions options, ExecStarted done) {
  auto container = impl_->by_id(id);
  if (!container) return done(std::move(container).error());
  auto begun = impl_->begin_exec(**container, options, done);
  if (!begun) done(std::move(begun).error());
}

const std::map<std::string, Exec>& Engine::execs() const { return impl_->execs; }

void Engine::wait_exec(const std::string& exec_id, WaitDone done) {
  const auto found = impl_->execs.find(exec_id);
  if (found == impl_->execs.end()) return done(kExitCodeUnknown);
  if (!found->second.running) return done(found->second.exit_code);
  impl_->exec_waits[exec_id].push_back(std::move(done));
}

Result<void> Engine::kill_exec(const std::string& exec_id, int signal) {
  const auto found = impl_->exec_sessions.find(exec_id);
  if (found == impl_->exec_sessions.end())
    return Error(ErrorCode::NotRunning, "the command has ended");
  return found->second->kill(signal);
}

Result<void> Engine::resize_exec(const std::string& exec_id, unsigned rows, unsigned columns) {
  const auto exec = impl_->execs.find(exec_id);
  if (exec != impl_->execs.end() && !exec->second.terminal)
    return Error(ErrorCode::InvalidArgument, "the command has no terminal");
  const auto found = impl_->exec_sessions.find(exec_id);
  if (found == impl_->exec_sessions.end())
    return Error(ErrorCode::NotRunning, "the command has ended");
  return found->second->resize(rows, columns);
}

}  // namespace ambit::engine
