#include "systemd/scope.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/cgroup.h"
#include "os/process.h"

namespace ambit::systemd {
namespace {

constexpr int kMaxAttempts = 3;

// Properties of a later systemd than the oldest we run on. Left out where the manager refuses them.
constexpr char kPidFds[] = "PIDFDs";        // 255: no reused PID can be meant
constexpr char kOomPolicy[] = "OOMPolicy";  // scopes: 253

// One start, with its retries; kept alive by the callback of the call that is under way.
class ScopeStart : public std::enable_shared_from_this<ScopeStart> {
 public:
  ScopeStart(ManagerClient& manager, ScopeOptions options, ScopeDone done)
      : manager_(manager),
        options_(std::move(options)),
        done_(std::move(done)),
        end_(std::chrono::steady_clock::now() + options_.deadline) {}

  void attempt() {
    if (attempts_++ == kMaxAttempts)
      return finish(Error(ErrorCode::Busy, "the unit of this name does not go away"));
    manager_.run_job(
        new_start_call(), options_.unit, time_left(),
        [self = shared_from_this()](Result<void> result) { self->on_job_done(std::move(result)); });
  }

 private:
  std::chrono::microseconds time_left() const {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        end_ - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::microseconds(0));
  }

  Result<bus::Message> new_start_call();
  void add_monitored(bus::OptionWriter& properties);
  Result<void> add_process(bus::OptionWriter& properties);
  void on_job_done(Result<void> result);
  void try_again_later();
  bool note_refusal(const Error& error);
  void verify();
  void check_cgroup(const std::string& control_group);
  void clear_old_unit(Error exists);
  void stop_old_unit();
  void forget_old_unit();
  void abandon(Error error);
  void finish(Result<std::string> result) { done_(std::move(result).context("making the scope")); }

  ManagerClient& manager_;
  ScopeOptions options_;
  ScopeDone done_;
  std::chrono::steady_clock::time_point end_;
  int attempts_ = 0;
  std::vector<const char*> optional_;  // those that the call under way has
};

Result<void> ScopeStart::add_process(bus::OptionWriter& properties) {
  // The number of a child that is not reaped can't be another's.
  if (manager_.refuses_property(kPidFds)) {
    properties.set("PIDs", std::vector<std::uint32_t>{static_cast<std::uint32_t>(options_.pid)});
    return {};
  }
  std::vector<UniqueFd> fds;
  fds.push_back(AMBIT_TRY(os::open_pidfd(options_.pid)));
  properties.set(kPidFds, std::move(fds));
  optional_.push_back(kPidFds);
  return {};
}

void ScopeStart::add_monitored(bus::OptionWriter& properties) {
  // Nobody but the monitor heeds the signal: the container's processes see only what the monitor
  // makes of it. "mixed" would send it to nobody (a scope has no main process).
  properties.set("KillSignal", std::int32_t{SIGURG})
      .set("KillMode", "control-group")
      .set("SendSIGKILL", true)
      .set("TimeoutStopUSec", options_.stop_timeout_usec)
      .set("AddRef", true);
  if (options_.runtime_max_usec != UINT64_MAX)
    properties.set("RuntimeMaxUSec", options_.runtime_max_usec);
  // A process that the kernel killed for memory does not end its container; the monitor judges.
  const bool is_usual = options_.oom_policy == ScopeOptions().oom_policy;
  if (is_usual && manager_.refuses_property(kOomPolicy)) return;
  properties.set(kOomPolicy, options_.oom_policy);
  if (is_usual) optional_.push_back(kOomPolicy);
}

Result<bus::Message> ScopeStart::new_start_call() {
  optional_.clear();
  // Later ones win: a monitor relies on ours.
  bus::OptionWriter properties;
  properties.add(options_.extra)
      .set("Description", options_.description)
      .set("Slice", options_.slice)
      .set("Delegate", true)
      .set("CollectMode", "inactive-or-failed");
  add_monitored(properties);
  AMBIT_TRY(add_process(properties));

  bus::Message call = AMBIT_TRY(manager_.new_call("StartTransientUnit"));
  AMBIT_TRY(call.append(options_.unit, std::string("fail")));
  AMBIT_TRY(properties.append_structs(call));
  using Auxiliary =
      std::tuple<std::string, std::vector<std::tuple<std::string, bus::Variant<std::string>>>>;
  AMBIT_TRY(call.append(std::vector<Auxiliary>{}));
  return call;
}

void ScopeStart::on_job_done(Result<void> result) {
  if (result) return verify();
  if (note_refusal(result.error())) {
    attempts_--;
    return attempt();
  }
  if (has_hung_up(result.error()) && time_left() > kReexecPause) return try_again_later();
  Error error = std::move(result).error().context("StartTransientUnit");
  if (error.code() == ErrorCode::AlreadyExists) return clear_old_unit(std::move(error));
  abandon(std::move(error));
}

// The manager re-executes itself. It may have made the scope before it did.
void ScopeStart::try_again_later() {
  manager_.later(
      [self = shared_from_this()] {
        self->manager_.get_control_group(self->options_.unit, [self](Result<std::string> group) {
          const auto actual = os::cgroup_of(self->options_.pid);
          if (group && !group->empty() && actual && *actual == *group)
            return self->finish(std::move(group));
          self->attempts_--;
          self->attempt();
        });
      },
      kReexecPause);
}

// True where the manager refused a property that can be left out. Calls that were sent before the
// first refusal have it too, so what counts is what this one had.
bool ScopeStart::note_refusal(const Error& error) {
  for (const char* name : optional_) {
    if (error.message().find(std::string("property ") + name) == std::string::npos) continue;
    manager_.note_refused_property(name);
    return true;
  }
  return false;
}

void ScopeStart::verify() {
  manager_.get_control_group(options_.unit, [self = shared_from_this()](Result<std::string> group) {
    if (!group) return self->abandon(std::move(group).error());
    self->check_cgroup(*group);
  });
}

void ScopeStart::check_cgroup(const std::string& control_group) {
  Result<std::string> actual = os::cgroup_of(options_.pid);
  if (!actual)
    return abandon(std::move(actual).error().context(
        strf("process %d after the start", static_cast<int>(options_.pid))));
  if (control_group.empty())
    return abandon(
        Error(ErrorCode::NotFound, strf("%s: its process %d was gone", options_.unit.c_str(),
                                        static_cast<int>(options_.pid))));
  if (*actual != control_group)
    return abandon(
        Error(ErrorCode::Io, strf("%s: process %d is in cgroup \"%s\" and not in the unit's \"%s\"",
                                  options_.unit.c_str(), static_cast<int>(options_.pid),
                                  actual->c_str(), control_group.c_str())));
  finish(control_group);
}

void ScopeStart::clear_old_unit(Error exists) {
  manager_.get_unit(options_.unit, [self = shared_from_this(),
                                    exists = std::move(exists)](Result<UnitState> state) {
    // Collected meanwhile: try again.
    if (!state) return self->attempt();
    if (state->active_state == "inactive" || state->active_state == "failed")
      return self->forget_old_unit();
    if (os::is_populated_at(state->control_group)) {
      Error error = exists;
      return self->finish(std::move(error).context("unit is " + state->active_state));
    }
    self->stop_old_unit();
  });
}

// All processes are gone and the manager has not noticed yet, or never will (a cgroup event that
// got lost).
void ScopeStart::stop_old_unit() {
  manager_.stop_unit(options_.unit, time_left(), [self = shared_from_this()](Result<void> result) {
    if (!result) return self->finish(std::move(result).error());
    self->forget_old_unit();
  });
}

// The manager collects a dead unit when nobody refers to it and it counts as failed no longer. It
// handles these calls in order, so the next start finds the name free.
void ScopeStart::forget_old_unit() {
  manager_.unref_unit(options_.unit, [](Result<void>) {});
  manager_.reset_failed(options_.unit,
                        [self = shared_from_this()](Result<void>) { self->attempt(); });
}

// The unit may be there or come yet: it must not stay.
void ScopeStart::abandon(Error error) {
  manager_.stop_unit(options_.unit, options_.deadline, [](Result<void>) {});
  manager_.unref_unit(options_.unit, [](Result<void>) {});
  finish(std::move(error));
}

}  // namespace

void start_scope(ManagerClient& manager, ScopeOptions options, ScopeDone done) {
  const auto start = std::make_shared<ScopeStart>(manager, std::move(options), std::move(done));
  start->attempt();
}

}  // namespace ambit::systemd
