#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "daemon/services.h"
#include "engine/pod.h"

namespace ambit::daemon {

// One pod on the bus, dbus/org.ambit.Ambit1.Pod.xml.
class PodObject {
 public:
  // The pod outlives it.
  PodObject(const Services& services, const engine::Pod& pod);
  PodObject(const PodObject&) = delete;
  PodObject& operator=(const PodObject&) = delete;
  ~PodObject() = default;

  Result<void> publish();

  // One PropertiesChanged with all that differs from `before`.
  void tell_changes(const engine::PodRunState& before);

  const std::string& path() const noexcept { return path_; }

 private:
  using Strings = std::vector<std::string>;

  static const sd_bus_vtable kVtable[];

  std::string name() const { return pod_.record.name; }
  std::int64_t created_at() const { return pod_.record.created_usec; }
  Strings share() const;
  std::string hostname() const { return pod_.record.options.hostname; }
  std::map<std::string, std::string> labels() const { return pod_.record.options.labels; }
  std::string unit() const { return pod_.unit; }
  std::string state() const { return to_string(pod_.run.state); }
  std::string control_group() const { return pod_.run.control_group; }
  bool shared() const { return pod_.run.has_holder; }
  std::vector<bus::ObjectPath> containers() const;

  Result<void> on_start(bus::Message& call);
  Result<void> on_stop(bus::Message& call);
  Result<void> on_restart(bus::Message& call);
  Result<void> on_kill(bus::Message& call);
  Result<void> on_pause(bus::Message& call);
  Result<void> on_resume(bus::Message& call);
  Result<void> on_remove(bus::Message& call);
  Result<void> on_set_limits(bus::Message& call);
  Result<void> on_inspect(bus::Message& call);

  Services services_;
  const engine::Pod& pod_;
  std::string path_;
  bus::Slot slot_;
};

}  // namespace ambit::daemon
