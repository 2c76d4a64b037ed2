#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/paths.h"
#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "daemon/host_report.h"
#include "daemon/journal_check.h"
#include "daemon/services.h"

namespace ambit::daemon {

// What CreateContainer and RunContainer ask for.
struct CreateCall {
  std::string name;
  std::string image;
  spec::ContainerOptions options;
};

// The entry object on the bus, dbus/org.ambit.Ambit1.Manager.xml.
class ManagerObject {
 public:
  ManagerObject(const Services& services, Paths paths);
  ManagerObject(const ManagerObject&) = delete;
  ManagerObject& operator=(const ManagerObject&) = delete;
  ~ManagerObject() = default;

  Result<void> publish();

 private:
  using Strings = std::vector<std::string>;

  static const sd_bus_vtable kVtable[];

  std::string version() const;
  std::string store_path() const { return paths_.data; }
  Strings features() const;
  std::string default_network() const { return "none"; }
  std::vector<std::string> controllers() const { return services_.engine.controllers(); }
  std::map<std::string, std::uint32_t> containers() const;

  Result<void> on_create_container(bus::Message& call);
  Result<void> on_run_container(bus::Message& call);
  // Settles where the output goes, then creates it; `done` gets the container or the error, at once
  // on most machines.
  using Created = std::function<void(Result<const engine::Container*>)>;
  void create(CreateCall create, Created done);

  Result<void> on_get_container(bus::Message& call);
  Result<void> on_get_container_by_pid(bus::Message& call);
  Result<void> on_list_containers(bus::Message& call);
  Result<void> on_container_statistics(bus::Message& call);
  Result<void> on_container_sizes(bus::Message& call);
  Result<void> on_get_image(bus::Message& call);
  Result<void> on_list_images(bus::Message& call);
  Result<void> on_pull_image(bus::Message& call);
  Result<void> on_load_image(bus::Message& call);
  Result<void> on_import_image(bus::Message& call);
  Result<void> on_create_pod(bus::Message& call);
  Result<void> on_get_pod(bus::Message& call);
  Result<void> on_list_pods(bus::Message& call);
  Result<void> on_check_host(bus::Message& call);

  void answer_host_checks(const Result<std::vector<engine::HostCheck>>& checks);

  Services services_;
  Paths paths_;
  JournalCheck journal_check_;
  bus::Slot slot_;
  mutable std::optional<Strings> features_;  // found out when first asked for
  std::unique_ptr<HostReport> host_report_;
  std::vector<std::shared_ptr<LateReply>> host_report_calls_;
  bus::EventSource forget_host_report_;
};

}  // namespace ambit::daemon
