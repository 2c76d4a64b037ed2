#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/engine.h"
#include "engine/freezer_watch.h"
#include "engine/pod.h"
#include "engine/pod_holder.h"
#include "engine/pod_store.h"
#include "systemd/unit_property.h"

namespace ambit::engine {

using PodDone = std::function<void(Result<const Pod*>)>;

// The pods: slices of the user's manager whose containers share namespaces. What a pod shares is
// kept by its holder, a process in the slice, from the first start on until the slice is stopped.
// Like the engine's own methods, these return at once and call back from the loop, exactly once.
class Pods {
 public:
  // The engine outlives it.
  Pods(Engine::Impl& engine, PodStore store);
  Pods(const Pods&) = delete;
  Pods& operator=(const Pods&) = delete;
  ~Pods();

  const std::map<std::string, const Pod*>& all() const { return shown_; }  // by name
  // NoSuchPod.
  Result<const Pod*> find(const std::string& name) const;

  // NameInUse, InvalidArgument for an option or a property that can't be met, HostUnsupported for
  // a limit that this host does not enforce. The limits are systemd's from then on: they hold for
  // everything in the slice, over every start of the pod.
  void create(const std::string& name, spec::PodOptions options, systemd::UnitProperties properties,
              PodDone done);
  // Starts what it shares, and every container of it that does not run. The first failure; the
  // others are started all the same.
  void start(const std::string& name, Done done);
  // Stops every container with its own signal, UINT64_MAX in its own time, then the slice.
  void stop(const std::string& name, std::uint64_t timeout_usec, Done done);
  void restart(const std::string& name, std::uint64_t timeout_usec, Done done);
  // To the first process of every container that runs. NotRunning where none does.
  Result<void> kill(const std::string& name, int signal);
  // Freezes and thaws the slice. NotRunning where nothing runs in it.
  void pause(const std::string& name, Done done);
  void resume(const std::string& name, Done done);
  // Busy where it has containers; with Force they are removed first.
  void remove(const std::string& name, RemoveMode mode, Done done);
  // Now and for every later start; an empty value takes a limit away.
  void set_limits(const std::string& name, systemd::UnitProperties changes, Done done);
  // JSON, docs/formats.md.
  void inspect(const std::string& name, TextDone done);

  // For the engine: pods that are on disk; before the containers.
  Result<void> recover();
  // Settles what a new container has from its pod (the host name). InvalidArgument for an option
  // that contradicts it.
  Result<void> admit(spec::ContainerOptions& options) const;
  // For a start of a container: what it shares goes into the specification.
  Result<void> add_to_spec(const spec::ContainerRecord& record, spec::RuntimeSpec& spec) const;
  // A connection to the holder, which is made where there is none; empty where nothing is shared.
  // Busy where the pod is frozen.
  Result<UniqueFd> join(const std::string& name);
  // The containers of this pod, or their states, have changed. Nothing for "".
  void refresh(const std::string& name);
  void refresh_all();
  // A holder is being started, and ends where this ambitd does.
  bool is_starting() const;
  // Whether this is the scope of a holder that is being started.
  bool is_starting(const std::string& unit) const;

 private:
  struct Entry;

  Result<Entry*> entry_of(const std::string& name) const;
  Entry& add_entry(spec::PodRecord record);
  void forget(const std::string& name);
  std::vector<Container*> members_of(const std::string& name) const;
  PodRunState run_state_of(const Entry& entry) const;

  // pod_life.cc
  void finish_creation(const std::string& name, Result<void> limited, const PodDone& done);
  Result<void> start_holder(Entry& entry);
  void start_holder_scope(const std::string& name, pid_t pid, PodHolder::ScopeDone done);
  void check_slice(const std::string& slice, const std::string& holder_group,
                   const PodHolder::ScopeDone& done);
  void on_holder_settled(const std::string& name, Result<std::string> control_group);
  void watch_holder(Entry& entry, const std::string& control_group);
  void watch_slice(Entry& entry, const std::string& control_group);
  void on_slice_changed(const std::string& name, const os::CgroupEvents& events);
  void on_slice_stopped(const std::string& name);
  void call_off_restarts(const std::string& name);
  void stop_slice(const std::string& name, Done done);
  void finish_removal(const std::string& name, const Done& done);

  Engine::Impl& engine_;
  PodStore store_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::map<std::string, const Pod*> shown_;
  std::vector<std::unique_ptr<PodHolder>> finished_;  // destroyed when the loop comes round
  bus::EventSource clean_up_;
};

// The pod's part of a container's specification: namespaces and mounts that its holder gives.
void share_in_spec(const spec::PodOptions& pod, spec::RuntimeSpec& spec);

}  // namespace ambit::engine
