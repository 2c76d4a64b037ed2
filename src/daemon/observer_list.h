#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace ambit::daemon {

// The engine tells one observer; this one tells several, in the order in which they were added.
class ObserverList final : public engine::Observer {
 public:
  // Borrowed; must outlive the list's use.
  void add(engine::Observer& observer) { observers_.push_back(&observer); }

  void container_added(const engine::Container& container) override;
  void container_changed(const engine::Container& container,
                         const engine::Container& before) override;
  void container_exited(const engine::Container& container) override;
  void container_notified(const engine::Container& container, const std::string& text) override;
  void container_removed(const std::string& id) override;
  void exec_changed(const std::string& exec_id) override;
  void transfer_changed(const std::string& id) override;
  void images_changed() override;
  void pod_added(const engine::Pod& pod) override;
  void pod_changed(const engine::Pod& pod, const engine::PodRunState& before) override;
  void pod_removed(const std::string& name) override;

 private:
  std::vector<engine::Observer*> observers_;
};

}  // namespace ambit::daemon
