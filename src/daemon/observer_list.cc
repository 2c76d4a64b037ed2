#include "daemon/observer_list.h"

namespace ambit::daemon {

void ObserverList::container_added(const engine::Container& container) {
  for (engine::Observer* observer : observers_) observer->container_added(container);
}

void ObserverList::container_changed(const engine::Container& container,
                                     const engine::Container& before) {
  for (engine::Observer* observer : observers_) observer->container_changed(container, before);
}

void ObserverList::container_exited(const engine::Container& container) {
  for (engine::Observer* observer : observers_) observer->container_exited(container);
}

void ObserverList::container_notified(const engine::Container& container, const std::string& text) {
  for (engine::Observer* observer : observers_) observer->container_notified(container, text);
}

void ObserverList::container_removed(const std::string& id) {
  for (engine::Observer* observer : observers_) observer->container_removed(id);
}

void ObserverList::exec_changed(const std::string& exec_id) {
  for (engine::Observer* observer : observers_) observer->exec_changed(exec_id);
}

void ObserverList::pod_added(const engine::Pod& pod) {
  for (engine::Observer* observer : observers_) observer->pod_added(pod);
}

void ObserverList::pod_changed(const engine::Pod& pod, const engine::PodRunState& before) {
  for (engine::Observer* observer : observers_) observer->pod_changed(pod, before);
}

void ObserverList::pod_removed(const std::string& name) {
  for (engine::Observer* observer : observers_) observer->pod_removed(name);
}

void ObserverList::transfer_changed(const std::string& id) {
  for (engine::Observer* observer : observers_) observer->transfer_changed(id);
}

void ObserverList::images_changed() {
  for (engine::Observer* observer : observers_) observer->images_changed();
}

}  // namespace ambit::daemon
