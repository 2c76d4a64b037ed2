#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/inspect.h"
#include "engine/pod_entry.h"
#include "os/cgroup.h"
#include "spec/holder_settings.h"
#include "systemd/limit_check.h"
#include "systemd/limit_properties.h"
#include "systemd/unit_name.h"

// What users do with pods.
namespace ambit::engine {
namespace {

constexpr std::size_t kMaxPods = 1000;
constexpr std::size_t kMaxUnitName = 255;  // UNIT_NAME_MAX of systemd
constexpr std::size_t kMaxHostname = 64;   // HOST_NAME_MAX of the kernel

// Answers once, when all that were asked have answered: with the first failure.
class Gathering : public std::enable_shared_from_this<Gathering> {
 public:
  explicit Gathering(Done done) : done_(std::move(done)) {}

  // For one more that is asked.
  Done one() {
    ++left_;
    return [self = shared_from_this()](Result<void> result) { self->take(std::move(result)); };
  }
  void all_are_asked() { take({}); }

 private:
  void take(Result<void> result) {
    if (first_ && !result) first_ = std::move(result);
    if (--left_ == 0) done_(std::move(first_));
  }

  Done done_;
  Result<void> first_;
  int left_ = 1;  // until all are asked
};

Error already_there(const std::string& name) {
  return Error(ErrorCode::NameInUse,
               "there is a pod '" + name + "' already; remove it, or choose another name");
}

Result<void> check_pod(const std::string& name, spec::PodOptions& options) {
  if (!is_valid_name(name))
    return Error(ErrorCode::InvalidArgument, "invalid pod name '" + name +
                                                 "': letters, digits, and after the first also "
                                                 "_.- are allowed");
  if (systemd::pod_slice(name).size() > kMaxUnitName)
    return Error(ErrorCode::InvalidArgument,
                 "pod name too long for a slice of systemd: '" + name + "'");
  if (!options.hostname.empty() && !options.shares(spec::NamespaceType::Uts))
    return Error(ErrorCode::InvalidArgument, "host name '" + options.hostname +
                                                 "': the pod does not share uts, so each container "
                                                 "has its own");
  if (options.shm_size_bytes && !options.shares(spec::NamespaceType::Ipc))
    return Error(ErrorCode::InvalidArgument,
                 "a size of /dev/shm: the pod does not share ipc, so each container has its own");
  if (options.hostname.empty()) options.hostname = name.substr(0, kMaxHostname);
  const bool has_control = std::any_of(options.hostname.begin(), options.hostname.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (options.hostname.size() > kMaxHostname || has_control)
    return Error(ErrorCode::InvalidArgument, "no host name: '" + options.hostname + "'");
  return {};
}

Result<void> check_slice_properties(const systemd::UnitProperties& properties,
                                    const std::string& manager_group) {
  for (const systemd::UnitProperty& property : properties)
    if (!systemd::is_live(property.name))
      return Error(ErrorCode::InvalidArgument,
                   property.name + " is no property of a pod's slice, which has limits alone");
  if (manager_group.empty()) return {};
  const auto lines = AMBIT_TRY(systemd::expected_lines(properties));
  return systemd::check_controllers(manager_group, lines);
}

}  // namespace

void Pods::create(const std::string& name, spec::PodOptions options,
                  systemd::UnitProperties properties, PodDone done) {
  if (entries_.count(name) > 0) return done(already_there(name));
  if (entries_.size() >= kMaxPods)
    return done(Error(ErrorCode::Busy, strf("there are %zu pods already", kMaxPods)));
  auto checked = check_pod(name, options);
  if (checked) checked = check_slice_properties(properties, engine_.manager_group);
  spec::PodRecord record{
      .name = name, .created_usec = now_usec(), .complete = false, .options = std::move(options)};
  if (checked) checked = store_.save(record);
  if (!checked) return done(std::move(checked).error().context("creating pod " + name));
  const Entry& entry = add_entry(std::move(record));
  properties.push_back({"Description", "pod " + name});
  engine_.manager->keep_properties(entry.pod.unit, properties,
                                   [this, name, done = std::move(done)](Result<void> kept) {
                                     finish_creation(name, std::move(kept), done);
                                   });
}

void Pods::finish_creation(const std::string& name, Result<void> limited, const PodDone& done) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return done(Error(ErrorCode::NoSuchPod, "it was removed meanwhile"));
  Entry& entry = *found->second;
  spec::PodRecord record = entry.pod.record;
  record.complete = true;
  if (limited) limited = store_.save(record);
  if (!limited) {
    entry.is_removing = true;
    return finish_removal(name,
                          [name, done, why = std::move(limited)](const Result<void>&) mutable {
                            done(std::move(why).error().context("creating pod " + name));
                          });
  }
  entry.pod.record = std::move(record);
  shown_.emplace(name, &entry.pod);
  if (engine_.observer != nullptr) engine_.observer->pod_added(entry.pod);
  refresh(name);
  done(&entry.pod);
}

void Pods::start(const std::string& name, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  Entry& entry = **found;
  // The holder, whether a container is there to join it or not.
  if (auto joined = join(name); !joined) return done(std::move(joined).error());
  const auto gathering = std::make_shared<Gathering>(std::move(done));
  if (entry.holder && !entry.holder->is_settled()) entry.on_holder.push_back(gathering->one());
  for (Container* member : members_of(name))
    if (!is_live(member->run.state) && member->run.state != State::Removing)
      engine_.start(*member, {}, gathering->one());
  gathering->all_are_asked();
}

void Pods::stop(const std::string& name, std::uint64_t timeout_usec, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  const bool is_frozen = (*found)->is_frozen;
  if (is_frozen && !os::frozen_above((*found)->slice_group).empty())
    return done(Error(ErrorCode::Busy, "pod " + name + " is frozen with a slice above it: " +
                                           "systemctl --user thaw " + systemd::kSlice));
  const auto stop_members = [this, name, timeout_usec,
                             done = std::move(done)](Result<void> thawed) {
    if (!thawed) return done(std::move(thawed));
    const auto gathering = std::make_shared<Gathering>([this, name, done](Result<void> stopped) {
      if (!stopped) return done(std::move(stopped));
      stop_slice(name, done);
    });
    for (Container* member : members_of(name)) {
      engine_.note_user_stop(*member);
      engine_.stop(*member, timeout_usec, gathering->one());
    }
    gathering->all_are_asked();
  };
  if (!is_frozen) return stop_members({});
  engine_.manager->thaw_unit((*found)->pod.unit, stop_members);
}

void Pods::restart(const std::string& name, std::uint64_t timeout_usec, Done done) {
  stop(name, timeout_usec, [this, name, done = std::move(done)](Result<void> stopped) {
    if (!stopped) return done(std::move(stopped));
    start(name, done);
  });
}

Result<void> Pods::kill(const std::string& name, int signal) {
  AMBIT_TRY(entry_of(name));
  bool is_any = false;
  Result<void> first;
  for (Container* member : members_of(name)) {
    Activity& activity = engine_.activity_of(member->record.id);
    if (activity.run == nullptr) continue;
    is_any = true;
    if (signal == SIGKILL) engine_.note_user_stop(*member);
    auto killed = signal == SIGKILL ? engine_.kill_everything(*member) : activity.run->kill(signal);
    if (first && !killed) first = std::move(killed);
  }
  if (!is_any) return Error(ErrorCode::NotRunning, "no container of pod " + name + " runs");
  return first;
}

void Pods::pause(const std::string& name, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  const Pod& pod = (*found)->pod;
  if (pod.run.state == PodState::Paused) return done({});
  if ((*found)->slice_group.empty() || !os::is_populated_at((*found)->slice_group))
    return done(Error(ErrorCode::NotRunning, "nothing of pod " + name + " runs"));
  engine_.manager->freeze_unit(
      pod.unit, [this, name, unit = pod.unit, done = std::move(done)](Result<void> frozen) {
        // Half a pod frozen is of use to nobody.
        if (!frozen) engine_.thaw(unit);
        if (const auto entry = entry_of(name); entry && (*entry)->slice_watch)
          on_slice_changed(name, (*entry)->slice_watch->read());
        done(std::move(frozen).context("pausing pod " + name));
      });
}

void Pods::resume(const std::string& name, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  const Entry& entry = **found;
  if (!entry.is_frozen)
    return done(entry.slice_group.empty()
                    ? Result<void>(Error(ErrorCode::NotRunning, "nothing of pod " + name + " runs"))
                    : Result<void>());
  if (!os::frozen_above(entry.slice_group).empty())
    return done(Error(ErrorCode::Busy, "pod " + name + " is frozen with a slice above it: " +
                                           "systemctl --user thaw " + systemd::kSlice));
  engine_.manager->thaw_unit(
      entry.pod.unit, [this, name, done = std::move(done)](Result<void> thawed) {
        if (const auto still = entry_of(name); still && (*still)->slice_watch)
          on_slice_changed(name, (*still)->slice_watch->read());
        done(std::move(thawed).context("unpausing pod " + name));
      });
}

void Pods::remove(const std::string& name, RemoveMode mode, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  Entry& entry = **found;
  if (entry.is_removing) return done(Error(ErrorCode::Busy, "pod " + name + " is being removed"));
  const std::vector<Container*> members = members_of(name);
  if (!members.empty() && mode == RemoveMode::OnlyStopped)
    return done(
        Error(ErrorCode::Busy,
              strf("pod %s has %zu container%s; remove them first, or all with 'ambit pod "
                   "rm -f %s'",
                   name.c_str(), members.size(), members.size() == 1 ? "" : "s", name.c_str())));
  spec::PodRecord record = entry.pod.record;
  record.complete = false;
  if (auto saved = store_.save(record); !saved)
    return done(std::move(saved).error().context("removing pod " + name));
  entry.is_removing = true;
  refresh(name);
  if (entry.is_frozen) engine_.thaw(entry.pod.unit);
  const auto gathering = std::make_shared<Gathering>([this, name, done](const Result<void>& gone) {
    // What could not be removed keeps the pod.
    if (!gone) {
      if (const auto kept = entry_of(name)) {
        (*kept)->is_removing = false;
        (void)store_.save((*kept)->pod.record);
        refresh(name);
      }
      return done(gone);
    }
    stop_slice(name, [this, name, done](Result<void> stopped) {
      if (!stopped) return done(std::move(stopped));
      finish_removal(name, done);
    });
  });
  for (Container* member : members) engine_.remove(*member, RemoveMode::Force, gathering->one());
  gathering->all_are_asked();
}

void Pods::set_limits(const std::string& name, systemd::UnitProperties changes, Done done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  auto checked = check_slice_properties(changes, engine_.manager_group);
  if (!checked) return done(std::move(checked).error().context("limits of pod " + name));
  const auto lines = systemd::expected_lines(changes);
  engine_.manager->keep_properties(
      (*found)->pod.unit, changes, [this, name, lines, done = std::move(done)](Result<void> kept) {
        const auto entry = entry_of(name);
        if (kept && entry && lines && !(*entry)->slice_group.empty())
          kept = systemd::check_in_force((*entry)->slice_group, *lines);
        done(std::move(kept).context("limits of pod " + name));
      });
}

void Pods::inspect(const std::string& name, TextDone done) {
  auto found = entry_of(name);
  if (!found) return done(std::move(found).error());
  engine_.manager->get_resources(
      (*found)->pod.unit,
      [this, name, done = std::move(done)](const Result<systemd::UnitProperties>& limits) {
        const auto entry = entry_of(name);
        if (!entry) return done(entry.error());
        std::vector<const Container*> members;
        for (const Container* member : members_of(name)) members.push_back(member);
        done(inspect_json((*entry)->pod, members,
                          limits ? systemd::without_idle(*limits) : systemd::UnitProperties()));
      });
}

}  // namespace ambit::engine
