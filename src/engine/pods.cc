#include "engine/pods.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "engine/engine_impl.h"
#include "engine/pod_entry.h"
#include "os/cgroup.h"
#include "os/socket.h"
#include "systemd/unit_name.h"

// Which pods there are, what they are like, and what a container has of its pod.
namespace ambit::engine {
namespace {

constexpr std::uint64_t kDefaultShmBytes = 64 << 20;

// The containers that count for a pod's state.
struct Counts {
  std::size_t all = 0;
  std::size_t live = 0;
  std::size_t exited = 0;
};

PodState state_of(const Counts& counts, bool has_holder) {
  if (counts.live == counts.all && (counts.live > 0 || has_holder)) return PodState::Running;
  if (counts.live > 0) return PodState::Degraded;
  return counts.exited > 0 ? PodState::Exited : PodState::Created;
}

Error no_such_pod(const std::string& name) {
  return Error(ErrorCode::NoSuchPod,
               "no pod '" + name + "'; 'ambit pod ps' lists them, 'ambit pod create' makes one");
}

}  // namespace

const char* to_string(PodState state) {
  switch (state) {
    case PodState::Created:
      return "created";
    case PodState::Running:
      return "running";
    case PodState::Degraded:
      return "degraded";
    case PodState::Paused:
      return "paused";
    case PodState::Exited:
      return "exited";
    case PodState::Removing:
      return "removing";
  }
  return "";
}

Pods::Pods(Engine::Impl& engine, PodStore store) : engine_(engine), store_(std::move(store)) {}
Pods::~Pods() = default;

Result<Pods::Entry*> Pods::entry_of(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second.get();
  return no_such_pod(name);
}

Result<const Pod*> Pods::find(const std::string& name) const {
  const auto found = shown_.find(name);
  if (found != shown_.end()) return found->second;
  return no_such_pod(name);
}

Pods::Entry& Pods::add_entry(spec::PodRecord record) {
  auto entry = std::make_unique<Entry>();
  entry->pod.unit = systemd::pod_slice(record.name);
  entry->pod.record = std::move(record);
  Entry& added = *entries_.emplace(entry->pod.record.name, std::move(entry)).first->second;
  if (added.pod.record.complete) shown_.emplace(added.pod.record.name, &added.pod);
  return added;
}

void Pods::forget(const std::string& name) {
  shown_.erase(name);
  entries_.erase(name);
}

std::vector<Container*> Pods::members_of(const std::string& name) const {
  std::vector<Container*> members;
  for (const auto& [id, container] : engine_.containers)
    if (container->record.options.pod == name) members.push_back(container.get());
  return members;
}

PodRunState Pods::run_state_of(const Entry& entry) const {
  PodRunState run;
  run.has_holder = entry.holder_watch.has_value();
  run.control_group = entry.slice_group;
  Counts counts;
  for (const Container* member : members_of(entry.pod.record.name)) {
    run.containers.push_back(member->record.id);
    ++counts.all;
    if (is_live(member->run.state)) ++counts.live;
    if (member->run.state == State::Exited) ++counts.exited;
  }
  run.state = state_of(counts, run.has_holder);
  if (entry.is_frozen && (counts.live > 0 || run.has_holder)) run.state = PodState::Paused;
  if (entry.is_removing) run.state = PodState::Removing;
  return run;
}

void Pods::refresh(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  // A pod that shares nothing has no holder: its slice is found by what runs in it.
  if (!entry.slice_watch)
    for (const Container* member : members_of(name))
      if (const std::string& group = member->run.control_group; !group.empty()) {
        watch_slice(entry, group.substr(0, group.rfind('/')));
        break;
      }
  PodRunState now = run_state_of(entry);
  if (now == entry.pod.run || !entry.pod.record.complete) return;
  const PodRunState before = std::exchange(entry.pod.run, std::move(now));
  if (engine_.observer != nullptr) engine_.observer->pod_changed(entry.pod, before);
}

void Pods::refresh_all() {
  for (const auto& [name, pod] : shown_) refresh(name);
}

bool Pods::is_starting() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& each) {
    return each.second->holder && !each.second->holder->is_settled();
  });
}

bool Pods::is_starting(const std::string& unit) const {
  return std::any_of(entries_.begin(), entries_.end(), [&unit](const auto& each) {
    return each.second->holder && systemd::pod_scope(each.first) == unit;
  });
}

// What an ambitd that was killed has left half-made or half-removed goes; what runs is found by its
// cgroup.
Result<void> Pods::recover() {
  auto listing = AMBIT_TRY(store_.list());
  for (const std::string& problem : listing.problems) log(LogLevel::Warning, "%s", problem.c_str());
  for (spec::PodRecord& record : listing.records) {
    Entry& entry = add_entry(std::move(record));
    const std::string name = entry.pod.record.name;
    const std::string slice = engine_.manager_group + "/" + systemd::kSlice + "/" + entry.pod.unit;
    const std::string scope = slice + "/" + systemd::pod_scope(name);
    if (os::is_populated_at(scope))
      watch_holder(entry, scope);
    else
      store_.remove_runtime_dir(name);
    watch_slice(entry, slice);
    if (entry.pod.record.complete) continue;
    entry.is_removing = true;
    stop_slice(name, [this, name](const Result<void>&) {
      finish_removal(name, [](const Result<void>&) {});
    });
  }
  return {};
}

Result<void> Pods::admit(spec::ContainerOptions& options) const {
  const Entry* entry = AMBIT_TRY(entry_of(options.pod));
  const spec::PodOptions& pod = entry->pod.record.options;
  const std::string& name = entry->pod.record.name;
  if (entry->is_removing || !entry->pod.record.complete)
    return Error(ErrorCode::Busy, "pod " + name + " is being made or removed");
  const auto refused = [&name](const std::string& option, const std::string& why) {
    return Error(ErrorCode::InvalidArgument, option + " in pod " + name + ": " + why);
  };
  if (pod.shares(spec::NamespaceType::Network) &&
      (options.network != "none" || options.names_network))
    return refused("network '" + options.network + "'",
                   "it has the pod's; a pod without that: pod create --share ipc,uts");
  if (pod.shares(spec::NamespaceType::Uts)) {
    if (!options.hostname.empty())
      return refused("host name '" + options.hostname + "'",
                     "it has the pod's; give it to the pod: pod create --hostname");
    options.hostname = pod.hostname;
  }
  if (pod.shares(spec::NamespaceType::Ipc) && options.limits.shm_size_bytes)
    return refused("a size of /dev/shm",
                   "it has the pod's; give it to the pod: pod create --shm-size");
  for (const std::string& property : options.limits.properties)
    if (property.starts_with("Slice="))
      return refused(property, "it is in the pod's slice, " + entry->pod.unit);
  return {};
}

Result<void> Pods::add_to_spec(const spec::ContainerRecord& record, spec::RuntimeSpec& spec) const {
  const Entry* entry = AMBIT_TRY(entry_of(record.options.pod));
  share_in_spec(entry->pod.record.options, spec);
  return {};
}

Result<UniqueFd> Pods::join(const std::string& name) {
  Entry& entry = *AMBIT_TRY(entry_of(name));
  if (entry.is_removing) return Error(ErrorCode::Busy, "pod " + name + " is being removed");
  if (entry.is_frozen)
    return Error(ErrorCode::Busy,
                 "pod " + name + " is paused; 'ambit pod unpause " + name + "' lets it go on");
  if (entry.pod.record.options.share.empty()) return UniqueFd();
  if (!entry.holder && !entry.holder_watch)
    AMBIT_TRY(start_holder(entry).context("starting pod " + name));
  const UniqueFd dir = AMBIT_TRY(store_.open_runtime_dir(name));
  return os::connect_packets(dir.get(), spec::kHolderSocketName).context("joining pod " + name);
}

Result<void> Pods::start_holder(Entry& entry) {
  const std::string& name = entry.pod.record.name;
  const spec::PodOptions& options = entry.pod.record.options;
  const UniqueFd dir = AMBIT_TRY(store_.open_runtime_dir(name));
  const int userns = AMBIT_TRY(engine_.base_userns());
  entry.holder = AMBIT_TRY(PodHolder::start(
      engine_.loop,
      {.exe_fd = engine_.programs.monitor.get(),
       .pod = name,
       .settings = {.share = options.share,
                    .hostname = options.hostname,
                    .shm_size_bytes = options.shm_size_bytes.value_or(kDefaultShmBytes)},
       .base_userns = userns,
       .run_dir = dir.get()},
      [this, name](pid_t pid, PodHolder::ScopeDone done) {
        start_holder_scope(name, pid, std::move(done));
      },
      {.settled = [this,
                   name](Result<std::string> group) { on_holder_settled(name, std::move(group)); },
       .gone =
           [this, name] {
             const auto found = entries_.find(name);
             if (found != entries_.end()) finished_.push_back(std::move(found->second->holder));
             auto deferred = engine_.loop.defer([this] { finished_.clear(); });
             if (deferred) clean_up_ = *std::move(deferred);
           }}));
  return {};
}

}  // namespace ambit::engine
