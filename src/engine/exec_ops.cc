#include <chrono>
#include <utility>

#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/monitor_spawn.h"
#include "os/cgroup.h"

// Further commands in running containers.
namespace ambit::engine {
namespace {

constexpr std::size_t kMaxExecs = 1000;
// Whoever started it can ask for the exit code for so long.
constexpr std::chrono::minutes kKeepEnded{1};

// The container's own specification with another process. What confines the container confines
// the command: capabilities, no_new_privs and the filter are the same.
spec::ContainerRecord exec_record(const spec::ContainerRecord& record, const ExecOptions& options) {
  spec::ContainerRecord exec = record;
  exec.command = options.command;
  exec.environment.insert(exec.environment.end(), options.environment.begin(),
                          options.environment.end());
  if (!options.working_dir.empty()) exec.working_dir = options.working_dir;
  if (!options.user.empty()) exec.user = options.user;
  exec.options.terminal = false;
  exec.options.init = false;
  return exec;
}

}  // namespace

Result<std::string> Engine::Impl::begin_exec(const Container& container, ExecOptions& exec_options,
                                             const ExecStarted& done) {
  const std::string& name = container.record.name;
  if (container.run.state == State::Paused) return is_paused(container);
  if (container.run.state != State::Running)
    return Error(ErrorCode::NotRunning,
                 "container " + name + " is " + to_string(container.run.state));
  if (exec_options.command.empty() || exec_options.command.front().empty())
    return Error(ErrorCode::InvalidArgument, "no command to execute");
  if (execs.size() >= kMaxExecs)
    return Error(ErrorCode::Busy, strf("there are %zu exec sessions already", kMaxExecs));

  const spec::ContainerRecord record = exec_record(container.record, exec_options);
  const spec::RuntimeSpec spec =
      AMBIT_TRY(make_launch_spec(record, {}, records.data_path(record.id)));
  UniqueFd pidfd = AMBIT_TRY(os::open_pidfd(container.run.main_pid));
  UniqueFd cgroup = AMBIT_TRY(os::open_cgroup(container.run.control_group));
  SpawnPlan plan;
  plan.record = &record;
  plan.spec = &spec;
  plan.streams = &exec_options.streams;
  plan.base_userns = AMBIT_TRY(base_userns());
  plan.pidfd = pidfd.get();
  plan.cgroup = cgroup.get();
  plan.seccomp = AMBIT_TRY(seccomp_for(record, spec.process.capabilities.bounding));
  SpawnedMonitor helper = AMBIT_TRY(spawn_exec_helper(programs.monitor.get(), plan));

  const std::string id = random_id();
  auto session = AMBIT_TRY(ExecSession::start(
      loop, std::move(helper.process), std::move(helper.control),
      {.started = [this, id, done](pid_t pid) { on_exec_started(id, pid, done); },
       .failed = [this, id, done](Error error) { on_exec_failed(id, std::move(error), done); },
       .ended = [this, id](int code) { on_exec_ended(id, code); }}));
  exec_sessions.emplace(id, std::move(session));
  execs.emplace(
      id, Exec{.id = id, .container_id = container.record.id, .command = exec_options.command});
  return id;
}

void Engine::Impl::on_exec_started(const std::string& id, pid_t pid, const ExecStarted& done) {
  Exec& exec = execs.at(id);
  exec.pid = pid;
  exec.running = true;
  if (observer != nullptr) observer->exec_changed(id);
  done(id);
}

void Engine::Impl::on_exec_failed(const std::string& id, Error error, const ExecStarted& done) {
  finished_execs.push_back(std::move(exec_sessions.extract(id).mapped()));
  execs.erase(id);
  schedule_clean_up();
  done(std::move(error));
}

void Engine::Impl::on_exec_ended(const std::string& id, int code) {
  finished_execs.push_back(std::move(exec_sessions.extract(id).mapped()));
  schedule_clean_up();
  Exec& exec = execs.at(id);
  exec.running = false;
  exec.exit_code = code;
  if (observer != nullptr) observer->exec_changed(id);
  const auto waits = exec_waits.extract(id);
  if (!waits.empty())
    for (const WaitDone& done : waits.mapped()) done(code);
  auto timer = loop.on_timer(kKeepEnded, [this, id] { forget_exec(id); });
  if (timer) exec_timers.emplace(id, *std::move(timer));
}

void Engine::Impl::forget_exec(const std::string& id) {
  execs.erase(id);
  if (observer != nullptr) observer->exec_changed(id);
  exec_timers.erase(id);
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

}  // namespace ambit::engine
