#include "systemd/manager_client.h"

#include <utility>

#include "base/strings.h"
#include "bus/options.h"
#include "systemd/unit_name.h"

namespace ambit::systemd {
namespace {

// sd-bus itself gives up later than our own deadline does.
constexpr std::chrono::seconds kReplyTimeout{60};

using UnitTuple =
    std::tuple<std::string, std::string, std::string, std::string, std::string, std::string,
               bus::ObjectPath, std::uint32_t, std::string, bus::ObjectPath>;

Result<std::vector<UnitRow>> read_units(bus::Message& answer) {
  const auto tuples = AMBIT_TRY(answer.read<std::vector<UnitTuple>>());
  std::vector<UnitRow> rows;
  for (const UnitTuple& unit : tuples)
    rows.push_back({std::get<0>(unit), std::get<3>(unit), std::get<4>(unit)});
  return rows;
}

// The bus answers in the manager's place where there is none.
Error explained(Error error) {
  if (error.code() != ErrorCode::HostUnsupported) return error;
  return Error(
      ErrorCode::HostUnsupported,
      "no systemd user manager on this bus: log in through systemd-logind (ssh, a console, "
      "machinectl shell), or keep it running: loginctl enable-linger (" +
          error.message() + ")");
}

Result<bus::Message> explained(Result<bus::Message> answer) {
  if (answer) return answer;
  return explained(std::move(answer).error());
}

// done canceled timeout failed dependency skipped, ...
Result<void> to_result(const std::string& job_result) {
  if (job_result == "done") return {};
  return Error(ErrorCode::Io, "the job's result is " + job_result);
}

Result<UnitState> read_state(bus::Message& answer) {
  UnitState state;
  std::string load_state;
  AMBIT_TRY(bus::OptionReader()
                .add("LoadState", load_state)
                .add("ActiveState", state.active_state)
                .add("SubState", state.sub_state)
                .add("Result", state.result)
                .add("ControlGroup", state.control_group)
                .add("FreezerState", state.freezer_state)
                .read(answer, bus::UnknownKeys::Skip));
  // Asking for a unit loads it: one that does not exist answers all the same.
  if (load_state == "not-found" && state.active_state == "inactive")
    return Error(ErrorCode::NotFound, "not loaded");
  return state;
}

}  // namespace

bool has_hung_up(const Error& error) { return error.code() == ErrorCode::Timeout; }

// A call, until it is answered.
struct ManagerClient::Call {
  bus::Message message;
  std::string what;
  bus::Bus::Done done;
  std::chrono::steady_clock::time_point end;
};

// A job that somebody waits for. The manager may tell of its end before we know its path.
struct ManagerClient::Job {
  std::string unit;
  std::string path;
  std::map<std::string, std::string> early;  // results by path, while `path` is unknown
  Done done;
  bus::Slot call;
  bus::EventSource deadline;
};

Result<std::unique_ptr<ManagerClient>> ManagerClient::create(bus::Bus& bus, bus::EventLoop& loop) {
  std::unique_ptr<ManagerClient> client(new ManagerClient(bus, loop));
  ManagerClient* self = client.get();
  client->on_job_removed_ =
      AMBIT_TRY(bus.match({.sender = kManagerService,
                           .path = kManagerPath,
                           .interface = kManagerInterface,
                           .member = "JobRemoved"},
                          [self](bus::Message& signal) { self->on_job_removed(signal); }));
  // Without it the manager sends signals to nobody but the client that queued a job. A failure
  // shows again in every later call.
  client->send(client->new_call("Subscribe"), "Subscribe", [](Result<bus::Message>) {});
  return client;
}

Result<bus::Message> ManagerClient::new_call(const char* method) {
  return bus_.new_call({kManagerService, kManagerPath, kManagerInterface, method});
}

ManagerClient::ManagerClient(bus::Bus& bus, bus::EventLoop& loop) : bus_(bus), loop_(loop) {}

ManagerClient::~ManagerClient() = default;

void ManagerClient::later(std::function<void()> call, std::chrono::microseconds delay) {
  const std::uint64_t id = next_id_++;
  auto source = loop_.on_timer(delay, [this, id, call] {
    const bus::EventSource self = std::move(deferred_[id]);
    deferred_.erase(id);
    call();
  });
  if (source)
    deferred_.emplace(id, std::move(*source));
  else
    call();  // Without memory for an event source: early is better than never.
}

void ManagerClient::send(const Result<bus::Message>& call, const std::string& what,
                         bus::Bus::Done done) {
  if (!call) return later([done, error = call.error(), what] { done(Error(error).context(what)); });
  send_again(std::make_shared<Call>(Call{.message = (*call).share(),
                                         .what = what,
                                         .done = std::move(done),
                                         .end = std::chrono::steady_clock::now() + kReplyTimeout}));
}

void ManagerClient::send_again(const std::shared_ptr<Call>& call) {
  const std::uint64_t id = next_id_++;
  auto slot = bus_.call_async(
      call->message,
      [this, id, call](Result<bus::Message> answer) {
        const bus::Slot self = std::move(calls_[id]);
        calls_.erase(id);
        const bool in_time = std::chrono::steady_clock::now() + kReexecPause < call->end;
        if (!answer && has_hung_up(answer.error()) && in_time)
          return later([this, call] { send_again(call); }, kReexecPause);
        call->done(explained(std::move(answer)).context(call->what));
      },
      kReplyTimeout);
  if (slot)
    calls_.emplace(id, std::move(*slot));
  else
    later([call, error = slot.error()] { call->done(Error(error).context(call->what)); });
}

void ManagerClient::run_job(const Result<bus::Message>& call, const std::string& unit,
                            std::chrono::microseconds timeout, Done done) {
  const std::uint64_t id = next_id_++;
  auto job = std::make_unique<Job>();
  job->unit = unit;
  job->done = std::move(done);
  jobs_.emplace(id, std::move(job));
  const Result<void> started = call ? start_job(id, *call, timeout) : call.error();
  if (!started) later([this, id, error = started.error()] { finish_job(id, error); });
}

Result<void> ManagerClient::start_job(std::uint64_t id, const bus::Message& call,
                                      std::chrono::microseconds timeout) {
  Job& job = *jobs_.at(id);
  job.deadline = AMBIT_TRY(loop_.on_timer(timeout, [this, id, timeout] {
    finish_job(id,
               Error(ErrorCode::Timeout,
                     strf("the user manager did not finish the job in %lld s",
                          static_cast<long long>(
                              std::chrono::duration_cast<std::chrono::seconds>(timeout).count()))));
  }));
  job.call = AMBIT_TRY(bus_.call_async(
      call, [this, id](Result<bus::Message> answer) { on_job_queued(id, std::move(answer)); },
      kReplyTimeout));
  return {};
}

void ManagerClient::on_job_queued(std::uint64_t id, Result<bus::Message> answer) {
  if (!answer) return finish_job(id, explained(std::move(answer).error()));
  Result<bus::ObjectPath> path = answer->read<bus::ObjectPath>();
  if (!path) return finish_job(id, std::move(path).error());
  Job& job = *jobs_.at(id);
  job.path = path->value;
  const auto early = job.early.find(job.path);
  if (early == job.early.end()) return;
  const std::string result = early->second;  // `early` ends with the job
  finish_job(id, to_result(result));
}

void ManagerClient::on_job_removed(bus::Message& signal) {
  auto values = signal.read<std::uint32_t, bus::ObjectPath, std::string, std::string>();
  if (!values) return;
  const auto& [number, path, unit, result] = *values;
  std::vector<std::uint64_t> over;
  for (auto& [id, job] : jobs_) {
    if (job->path == path.value)
      over.push_back(id);
    else if (job->path.empty() && job->unit == unit)
      job->early[path.value] = result;
  }
  for (const std::uint64_t id : over) finish_job(id, to_result(result));
}

void ManagerClient::finish_job(std::uint64_t id, Result<void> result) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  job->done(std::move(result).context(job->unit));
}

void ManagerClient::stop_unit(const std::string& unit, std::chrono::microseconds timeout,
                              Done done) {
  run_job(filled_call("StopUnit", unit, std::string("replace")), unit, timeout,
          [done = std::move(done)](Result<void> result) {
            if (!result && result.error().code() == ErrorCode::NotFound) return done({});
            done(std::move(result).context("StopUnit"));
          });
}

void ManagerClient::kill_unit(const std::string& unit, int signal, Done done) {
  send(filled_call("KillUnit", unit, std::string("all"), std::int32_t{signal}), "KillUnit " + unit,
       [done = std::move(done)](Result<bus::Message> answer) {
         done(answer ? Result<void>() : std::move(answer).error());
       });
}

void ManagerClient::call_if_loaded(const char* method, const std::string& unit, Done done) {
  send(filled_call(method, unit), strf("%s %s", method, unit.c_str()),
       [done = std::move(done)](Result<bus::Message> answer) {
         const bool fine = answer || answer.error().code() == ErrorCode::NotFound;
         done(fine ? Result<void>() : std::move(answer).error());
       });
}

void ManagerClient::reset_failed(const std::string& unit, Done done) {
  call_if_loaded("ResetFailedUnit", unit, std::move(done));
}

void ManagerClient::unref_unit(const std::string& unit, Done done) {
  call_if_loaded("UnrefUnit", unit, std::move(done));
}

void ManagerClient::thaw_unit(const std::string& unit, Done done) {
  call_if_loaded("ThawUnit", unit, std::move(done));
}

void ManagerClient::ref_unit(const std::string& unit, Done done) {
  call_if_loaded("RefUnit", unit, std::move(done));
}

void ManagerClient::freeze_unit(const std::string& unit, Done done) {
  send(filled_call("FreezeUnit", unit), "FreezeUnit " + unit,
       [done = std::move(done)](Result<bus::Message> answer) {
         done(answer ? Result<void>() : std::move(answer).error());
       });
}

void ManagerClient::get_unit(const std::string& unit, StateDone done) {
  Result<bus::Message> call =
      bus_.new_call({kManagerService, unit_path(unit), kPropertiesInterface, "GetAll"});
  if (call) {
    // "": of all interfaces, so that what unit and scope say is of one moment.
    const Result<void> filled = call->append(std::string());
    if (!filled) call = filled.error();
  }
  send(call, "reading " + unit, [unit, done = std::move(done)](Result<bus::Message> answer) {
    if (!answer) return done(std::move(answer).error());
    done(read_state(*answer).context(unit));
  });
}

void ManagerClient::get_control_group(const std::string& unit, GroupDone done) {
  Result<bus::Message> call =
      bus_.new_call({kManagerService, unit_path(unit), kPropertiesInterface, "Get"});
  if (call) {
    const Result<void> filled =
        call->append(std::string(kScopeInterface), std::string("ControlGroup"));
    if (!filled) call = filled.error();
  }
  send(call, "reading the cgroup of " + unit,
       [done = std::move(done)](Result<bus::Message> answer) {
         if (!answer) return done(std::move(answer).error());
         auto group = answer->read<bus::Variant<std::string>>();
         if (!group) return done(std::move(group).error());
         done(std::move(group->value));
       });
}

void ManagerClient::list_units(const std::string& pattern, UnitsDone done) {
  using Strings = std::vector<std::string>;
  send(filled_call("ListUnitsByPatterns", Strings{}, Strings{pattern}),
       "ListUnitsByPatterns " + pattern, [done = std::move(done)](Result<bus::Message> answer) {
         if (!answer) return done(std::move(answer).error());
         done(read_units(*answer));
       });
}

Result<std::vector<UnitRow>> ManagerClient::list_units_now(const std::string& pattern) {
  using Strings = std::vector<std::string>;
  bus::Message call = AMBIT_TRY(filled_call("ListUnitsByPatterns", Strings{}, Strings{pattern}));
  bus::Message answer = AMBIT_TRY(bus_.call(call).context("ListUnitsByPatterns " + pattern));
  return read_units(answer);
}

Result<std::string> ManagerClient::version_now() {
  bus::Message call =
      AMBIT_TRY(bus_.new_call({kManagerService, kManagerPath, kPropertiesInterface, "Get"}));
  AMBIT_TRY(call.append(std::string(kManagerInterface), std::string("Version")));
  bus::Message answer = AMBIT_TRY(bus_.call(call).context("asking the user manager its version"));
  return AMBIT_TRY(answer.read<bus::Variant<std::string>>()).value;
}

Result<bus::Slot> ManagerClient::watch_unit(const std::string& unit,
                                            std::function<void(const UnitChange&)> changed) {
  return bus_.match({.sender = kManagerService,
                     .path = unit_path(unit),
                     .interface = kPropertiesInterface,
                     .member = "PropertiesChanged"},
                    [changed = std::move(changed)](bus::Message& signal) {
                      UnitChange change;
                      if (!signal.read<std::string>()) return;
                      const auto read = bus::OptionReader()
                                            .add("ActiveState", change.active_state)
                                            .add("SubState", change.sub_state)
                                            .add("Result", change.result)
                                            .add("FreezerState", change.freezer_state)
                                            .read(signal, bus::UnknownKeys::Skip);
                      if (read) changed(change);
                    });
}

Result<bus::Slot> ManagerClient::watch_removed(
    std::function<void(const std::string& unit)> removed) {
  return bus_.match({.sender = kManagerService,
                     .path = kManagerPath,
                     .interface = kManagerInterface,
                     .member = "UnitRemoved"},
                    [removed = std::move(removed)](bus::Message& signal) {
                      const auto unit = signal.read<std::string>();
                      if (unit) removed(*unit);
                    });
}

}  // namespace ambit::systemd
