#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_impl.h"

// How runs ended: settled once, and kept.
namespace ambit::engine {
namespace {

spec::ExitRecord record_of(const RunState& run, const std::string& boot_id) {
  return {.boot_id = boot_id,
          .started_usec = run.started_usec,
          .exited_usec = run.exited_usec,
          .exit_code = run.exit_code,
          .reason = run.exit_reason,
          .oom_killed = run.oom_killed};
}

void note(const std::string& name, const Result<void>& written) {
  if (!written) log(LogLevel::Error, "%s: %s", name.c_str(), written.error().message().c_str());
}

}  // namespace

void Engine::Impl::settle_end(Container& container, const RunEnd& end) {
  // A monitor that was killed may have written its record and not told anybody.
  const auto record = records.read_exit(container.record.id);
  RunState ended = container.run;
  ended.state = State::Exited;
  ended.unit.clear();
  ended.control_group.clear();
  ended.main_pid = 0;
  ended.ready = false;
  ended.status_text.clear();
  if (record) {
    ended.started_usec = record->started_usec;
    ended.exited_usec = record->exited_usec;
    ended.exit_code = record->exit_code;
    ended.exit_reason = record->reason;
    ended.oom_killed = record->oom_killed;
  } else {
    ended.exited_usec = end.known ? end.exited_usec : now_usec();
    ended.exit_code = end.known ? end.exit_code : kExitCodeUnknown;
    ended.exit_reason = end.reason;
    ended.oom_killed = end.reason == "oom";
    keep_exit(container.record, ended, boot_id);
  }
  spec::RunHistory history = past_runs_with(container, ended);
  update(container, [&](Container& c) {
    c.run = std::move(ended);
    c.past_runs = std::move(history);
  });
  if (record) keep_set_properties(container, record->set_properties);
}

// For the monitor, which could not write it: the next ambitd is not to find out anew what happened,
// and when.
void Engine::Impl::keep_exit(const spec::ContainerRecord& record, const RunState& run,
                             const std::string& of_boot) {
  note(record.name, records.write_exit(record, record_of(run, of_boot)));
}

spec::RunHistory Engine::Impl::past_runs_with(const Container& container, const RunState& ended) {
  spec::RunHistory history = container.past_runs;
  const bool is_new = spec::add_run(history, {.started_usec = ended.started_usec,
                                              .exited_usec = ended.exited_usec,
                                              .exit_code = ended.exit_code,
                                              .reason = ended.exit_reason,
                                              .oom_killed = ended.oom_killed});
  // Of a container that is about to be removed nobody reads it.
  if (is_new && !container.record.options.auto_remove)
    note(container.record.name, records.write_history(container.record.id, history));
  return history;
}

}  // namespace ambit::engine
