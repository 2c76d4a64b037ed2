#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/event_loop.h"
#include "engine/engine.h"
#include "systemd/event.h"
#include "systemd/journal_sender.h"

namespace ambit::daemon {

// Writes what ambitd does with containers and images into the journal (systemd/event.h), into the
// view of the container's unit (USER_UNIT=). What a monitor sees, its container's start and end, it
// writes itself; only where it left no word is that written here.
//
// Costs one sendmmsg(2) a round of the loop, after everything else of that round; never waits.
// While journald takes nothing, records are kept up to 64 KiB, then lost.
class EventLog final : public engine::Observer {
 public:
  // Both must outlive it.
  EventLog(bus::EventLoop& loop, engine::Engine& engine);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog() override;

  void container_added(const engine::Container& container) override;
  void container_changed(const engine::Container& container,
                         const engine::Container& before) override;
  void container_exited(const engine::Container& container) override;
  // Its own affair: who waits for it is told over D-Bus.
  void container_notified(const engine::Container& /*container*/,
                          const std::string& /*text*/) override {}
  void container_removed(const std::string& id) override;
  void exec_changed(const std::string& exec_id) override;
  void transfer_changed(const std::string&) override {}
  void images_changed() override;
  void pod_added(const engine::Pod& pod) override;
  void pod_changed(const engine::Pod& pod, const engine::PodRunState& before) override;
  void pod_removed(const std::string& name) override;

 private:
  struct KnownContainer {
    std::string name, image, labels;
  };
  struct KnownImage {
    std::vector<std::string> references;
    auto operator<=>(const KnownImage&) const = default;
  };

  void know(const engine::Container& container);
  void tell_health(const engine::Container& container);
  void tell_container(const std::string& id, systemd::EventRecord record);
  void tell_image(systemd::Event event, const std::string& id, const std::string& reference,
                  std::string message);
  void tell_pod(const engine::Pod& pod, systemd::Event event, const char* what);
  void tell(const systemd::EventRecord& record);
  void flush();
  std::map<std::string, KnownImage> images_now() const;

  bus::EventLoop& loop_;
  const engine::Engine& engine_;
  systemd::JournalSender sender_;
  bus::EventSource flush_soon_;
  bus::EventSource retry_;
  bool is_flush_due_ = false;
  std::map<std::string, KnownContainer> containers_;  // by ID: for what comes after their end
  std::set<std::string> running_execs_;               // by ID
  std::map<std::string, KnownImage> images_;
  std::map<std::string, engine::Pod> pods_;  // by name: as they were told of last
};

}  // namespace ambit::daemon
