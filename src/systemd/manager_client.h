#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "systemd/unit_property.h"

// The user's systemd manager, org.freedesktop.systemd1 on the session bus, as a client.
namespace ambit::systemd {

constexpr char kManagerService[] = "org.freedesktop.systemd1";
constexpr char kManagerPath[] = "/org/freedesktop/systemd1";
constexpr char kManagerInterface[] = "org.freedesktop.systemd1.Manager";
constexpr char kScopeInterface[] = "org.freedesktop.systemd1.Scope";
constexpr char kSliceInterface[] = "org.freedesktop.systemd1.Slice";
constexpr char kPropertiesInterface[] = "org.freedesktop.DBus.Properties";

// What a scope is like at one moment.
struct UnitState {
  std::string active_state;   // "active", "inactive", "failed", "activating", "deactivating"
  std::string sub_state;      // "running", "dead", "stop-sigterm", ...
  std::string result;         // of a scope: "success", "timeout", "oom-kill", "resources"
  std::string control_group;  // "" while it has none
  std::string freezer_state;  // "running", "frozen", ...; "" where systemd has no freezer
};

// One PropertiesChanged of a unit: what is not set did not change.
struct UnitChange {
  std::optional<std::string> active_state;
  std::optional<std::string> sub_state;
  std::optional<std::string> result;
  std::optional<std::string> freezer_state;
};

struct UnitRow {
  std::string name;
  std::string active_state;
  std::string sub_state;
};

// Every call returns at once and calls back later, exactly once, from the event loop; callbacks of
// calls that are under way when the client is destroyed do not come. Errors name call and unit.
class ManagerClient {
 public:
  using Done = std::function<void(Result<void>)>;
  using StateDone = std::function<void(Result<UnitState>)>;
  using UnitsDone = std::function<void(Result<std::vector<UnitRow>>)>;

  // Subscribes to the manager's signals; does not wait for it. Both must outlive the client.
  static Result<std::unique_ptr<ManagerClient>> create(bus::Bus& bus, bus::EventLoop& loop);
  ManagerClient(const ManagerClient&) = delete;
  ManagerClient& operator=(const ManagerClient&) = delete;
  ~ManagerClient();

  bus::Bus& bus() noexcept { return bus_; }
  bus::EventLoop& loop() noexcept { return loop_; }

  // Runs it when the loop comes round after `delay`, if the client is there then.
  void later(std::function<void()> call, std::chrono::microseconds delay = {});

  // A method of the manager, to be filled with arguments.
  Result<bus::Message> new_call(const char* method);

  // Makes a call that queues a job for `unit` (it answers with the job's path) and waits for the
  // job: success where its result is "done". Timeout where it is not over by then; the job goes on.
  void run_job(const Result<bus::Message>& call, const std::string& unit,
               std::chrono::microseconds timeout, Done done);

  // StopUnit, and waits for its end. A unit that is not loaded is success.
  void stop_unit(const std::string& unit, std::chrono::microseconds timeout, Done done);

  // The signal to every process of the unit, now. NotFound where it is not loaded.
  void kill_unit(const std::string& unit, int signal, Done done);

  // For these a unit that is not loaded, or is not in that state, is success.
  void reset_failed(const std::string& unit, Done done);
  void unref_unit(const std::string& unit, Done done);
  // Keeps the unit readable after its end, until unref_unit() or the end of this connection.
  void ref_unit(const std::string& unit, Done done);
  void thaw_unit(const std::string& unit, Done done);

  // Answers when everything in the unit is frozen. NotFound where it is not loaded, Timeout where
  // one of its processes can't be frozen; the order stays given then.
  void freeze_unit(const std::string& unit, Done done);

  // NotFound where the unit is not loaded.
  void get_unit(const std::string& unit, StateDone done);

  // The cgroup alone, of a scope: a start waits for it. "" where it has none.
  using GroupDone = std::function<void(Result<std::string>)>;
  void get_control_group(const std::string& unit, GroupDone done);

  // The manager's own cgroup, that all of its units are below. Waits for the answer.
  Result<std::string> manager_group_now();

  // The properties of a scope's or slice's resources that are not at their defaults.
  using PropertiesDone = std::function<void(Result<UnitProperties>)>;
  void get_resources(const std::string& unit, PropertiesDone done);

  // SetUnitProperties, until the unit's end; answers when the kernel's files are as systemd has
  // them. NotFound where the unit is not loaded.
  void set_properties(const std::string& unit, const UnitProperties& properties, Done done);

  // The same of a unit that is no transient one, on disk: for this and every later start of it,
  // until revert_unit().
  void keep_properties(const std::string& unit, const UnitProperties& properties, Done done);
  // RevertUnitFiles: takes away what set-property has written of the unit, by whomever.
  void revert_unit(const std::string& unit, Done done);

  // The loaded units whose name matches the shell pattern.
  void list_units(const std::string& pattern, UnitsDone done);
  // The same, waiting for the answer: for a program that is just starting.
  Result<std::vector<UnitRow>> list_units_now(const std::string& pattern);

  // manager_state.cc: "running", "degraded", "starting", "stopping" from the moment on that its own
  // end is a job, ...
  using TextDone = std::function<void(Result<std::string>)>;
  void get_system_state(TextDone done);
  // When it began, CLOCK_MONOTONIC; a re-execution keeps it. With the boot id it tells one life of
  // the manager from the next.
  using TimeDone = std::function<void(Result<std::uint64_t>)>;
  void get_start_time(TimeDone done);

  // The manager's version, as it states it. Waits for the answer.
  Result<std::string> version_now();

  // Calls back at every change, until the slot ends.
  Result<bus::Slot> watch_unit(const std::string& unit,
                               std::function<void(const UnitChange&)> changed);
  // `removed` gets the name of every unit that the manager forgets.
  Result<bus::Slot> watch_removed(std::function<void(const std::string& unit)> removed);

  // Whether the manager is known to refuse this property of a new unit: found out by start_scope.
  bool refuses_property(const std::string& name) const { return refused_.count(name) > 0; }
  void note_refused_property(std::string name) { refused_.insert(std::move(name)); }

 private:
  struct Job;
  struct Call;

  ManagerClient(bus::Bus& bus, bus::EventLoop& loop);

  template <typename... Ts>
  Result<bus::Message> filled_call(const char* method, const Ts&... arguments) {
    bus::Message call = AMBIT_TRY(new_call(method));
    AMBIT_TRY(call.append(arguments...));
    return call;
  }
  Result<void> start_job(std::uint64_t id, const bus::Message& call,
                         std::chrono::microseconds timeout);
  void on_job_queued(std::uint64_t id, Result<bus::Message> answer);
  void on_job_removed(bus::Message& signal);
  void finish_job(std::uint64_t id, Result<void> result);

  // A call without a result; where the unit is not loaded, there was nothing to do.
  void call_if_loaded(const char* method, const std::string& unit, Done done);
  template <typename T>
  void get_own_property(const char* name, std::function<void(Result<T>)> done);
  // Again where the manager hangs up over it, as when it re-executes itself (systemctl --user
  // daemon-reexec): whatever is sent with this can be asked twice.
  void send(const Result<bus::Message>& call, const std::string& what, bus::Bus::Done done);
  void send_again(const std::shared_ptr<Call>& call);

  bus::Bus& bus_;
  bus::EventLoop& loop_;
  bus::Slot on_job_removed_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::unique_ptr<Job>> jobs_;
  std::map<std::uint64_t, bus::Slot> calls_;
  std::set<std::string> refused_;
  std::map<std::uint64_t, bus::EventSource> deferred_;
};

// Whether a call failed because the manager went away before it answered. It may have done what it
// was asked, and comes back where it re-executes itself. Never of a call that it had its whole time
// for: the deadlines here end sooner.
bool has_hung_up(const Error& error);
constexpr std::chrono::milliseconds kReexecPause{100};

}  // namespace ambit::systemd
