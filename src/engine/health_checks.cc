#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "bus/utf8.h"
#include "engine/engine_impl.h"
#include "engine/health_rules.h"
#include "os/process.h"
#include "os/socket.h"

// One health check: a further command in the container, like those that users execute, but that
// nobody sees it.
namespace ambit::engine {
namespace {

using std::chrono::microseconds;

// As a shell has it, where the command could not be executed.
int code_of(ErrorCode code) {
  if (code == ErrorCode::CommandNotFound) return 127;
  return code == ErrorCode::CommandNotExecutable ? 126 : kExitCodeUnknown;
}

// Both streams in one pipe, in the order of what is written.
Result<ClientStreams> streams_to(UniqueFd write_end) {
  ClientStreams streams;
  streams.stderr_fd.reset(::fcntl(write_end.get(), F_DUPFD_CLOEXEC, 0));
  if (!streams.stderr_fd) return Error::from_errno(errno, "duplicating a pipe's end");
  streams.stdout_fd = std::move(write_end);
  return streams;
}

std::string timeout_text(std::uint64_t timeout_usec, const std::string& output) {
  constexpr double kUsecInSec = 1e6;
  std::string text =
      strf("it did not end within %g s", static_cast<double>(timeout_usec) / kUsecInSec);
  return output.empty() ? text : text + "; it wrote: " + output;
}

}  // namespace

void Engine::Impl::start_check(Container& container) {
  HealthActivity& health = *health_of(container.record.id);
  health.timer.reset();
  health.is_queued = false;
  if (!health.dying.empty()) {
    const std::int64_t now = now_usec();
    return settle_check(container, {.started_usec = now,
                                    .ended_usec = now,
                                    .exit_code = kExitCodeUnknown,
                                    .output = "the check before can't be killed"});
  }
  auto begun = begin_check(container, health);
  if (begun) return;
  // A lack of ours, which says nothing of the container.
  Error error = std::move(begun).error().context("health check of " + container.record.name);
  log(LogLevel::Error, "%s", error.message().c_str());
  check_later(container, next_check_delay(container.record.health, container.health, now_usec()));
  for (const CheckDone& done : std::exchange(health.waiting, {})) done(error);
}

Result<void> Engine::Impl::begin_check(const Container& container, HealthActivity& health) {
  const std::string& id = container.record.id;
  CheckOutput::Made made = AMBIT_TRY(CheckOutput::create(loop));
  const Exec exec{.id = random_id(),
                  .container_id = id,
                  .command = container.record.health.command,
                  .is_check = true};
  ExecOptions wanted;
  wanted.command = exec.command;
  wanted.streams = AMBIT_TRY(streams_to(std::move(made.write_end)));
  RunningCheck check{
      .exec_id = exec.id, .started_usec = now_usec(), .output = std::move(made.output)};
  AMBIT_TRY(set_check_time(id, check, microseconds(container.record.health.timeout_usec)));
  auto session = AMBIT_TRY(spawn_exec(exec, wanted, check_events(id, exec.id)));
  exec_sessions.emplace(exec.id, std::move(session));
  ++checks.running;
  health.running = std::move(check);
  return {};
}

Result<void> Engine::Impl::set_check_time(const std::string& id, RunningCheck& check,
                                          microseconds left) {
  check.timer = AMBIT_TRY(loop.on_timer(left, [this, id] { on_check_timeout(id); }));
  check.deadline = std::chrono::steady_clock::now() + left;
  return {};
}

ExecSession::Events Engine::Impl::check_events(const std::string& id, const std::string& exec_id) {
  return {.started = [](pid_t) {},
          .failed =
              [this, id, exec_id](const Error& error) {
                on_check_over(id, exec_id,
                              {.exit_code = code_of(error.code()), .why_not = error.message()});
              },
          .ended =
              [this, id, exec_id](const ExecEnd& end) {
                on_check_over(id, exec_id,
                              {.exit_code = end.exit_code, .is_by_itself = end.reason == "exited"});
              }};
}

void Engine::Impl::on_check_over(const std::string& id, const std::string& exec_id,
                                 const CheckEnd& end) {
  drop_exec_session(exec_id);
  --checks.running;
  const auto found = containers.find(id);
  if (found == containers.end()) return;
  Container& container = *found->second;
  remove_exec_files({.id = exec_id, .container_id = id});
  HealthActivity* health = health_of(id);
  if (health == nullptr) return;
  if (health->dying == exec_id) health->dying.clear();
  if (!health->running || health->running->exec_id != exec_id) return;
  const RunningCheck check = std::move(*health->running);
  health->running.reset();
  // With the first process the kernel kills all others, of which we may hear first.
  if (!end.is_by_itself && os::is_exiting(container.run.main_pid)) return;
  settle_check(container, {.started_usec = check.started_usec,
                           .ended_usec = now_usec(),
                           .exit_code = end.exit_code,
                           .output = end.why_not.empty() ? check.output->take()
                                                         : bus::valid_utf8(end.why_not)});
}

// The result does not wait for the processes: one that hangs in the kernel can't be killed.
void Engine::Impl::on_check_timeout(const std::string& id) {
  HealthActivity* health = health_of(id);
  if (health == nullptr || !health->running) return;
  Container& container = *containers.at(id);
  const RunningCheck check = std::move(*health->running);
  health->running.reset();
  health->dying = check.exec_id;
  kill_check(check.exec_id);
  std::string output = timeout_text(container.record.health.timeout_usec, check.output->take());
  settle_check(container, {.started_usec = check.started_usec,
                           .ended_usec = now_usec(),
                           .exit_code = kExitCodeUnknown,
                           .output = std::move(output)});
}

void Engine::Impl::kill_check(const std::string& exec_id) {
  const auto found = exec_sessions.find(exec_id);
  // One that has just ended hears nothing.
  if (found != exec_sessions.end()) (void)found->second->kill(SIGKILL);
}

// Nobody reads what it writes any more; another one takes its place.
void Engine::Impl::end_left_check(const std::string& container_id, const FoundExec& found) {
  const std::string id = found.record.id;
  const Exec exec{.id = id, .container_id = container_id};
  auto socket = os::connect_packets(found.folder.get(), spec::kMonitorSocketName);
  if (!socket) return remove_exec_files(exec);
  const auto over = [this, exec] {
    drop_exec_session(exec.id);
    remove_exec_files(exec);
  };
  // One that is not executed yet has lost us, and gives up.
  auto session = ExecSession::adopt(loop, *std::move(socket),
                                    {.started = [this, id](pid_t) { kill_check(id); },
                                     .failed = [over](const Error&) { over(); },
                                     .ended = [over](const ExecEnd&) { over(); }});
  if (session) exec_sessions.emplace(id, *std::move(session));
}

}  // namespace ambit::engine
