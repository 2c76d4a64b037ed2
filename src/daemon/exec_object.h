#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/wire.h"
#include "daemon/services.h"

namespace ambit::daemon {

// One further command in a container on the bus, dbus/org.ambit.Ambit1.Exec.xml.
class ExecObject {
 public:
  ExecObject(const Services& services, engine::Exec exec);
  ExecObject(const ExecObject&) = delete;
  ExecObject& operator=(const ExecObject&) = delete;
  ~ExecObject() = default;

  Result<void> publish();
  // Takes over what the engine says now, and tells what differs.
  Result<void> update(const engine::Exec& exec);

  const std::string& path() const noexcept { return path_; }

 private:
  static const sd_bus_vtable kVtable[];

  bus::ObjectPath container() const;
  std::vector<std::string> command() const { return exec_.command; }
  bool terminal() const { return exec_.terminal; }
  std::uint32_t pid() const { return static_cast<std::uint32_t>(exec_.pid); }
  bool running() const { return exec_.running; }
  std::int32_t exit_code() const { return exec_.exit_code; }

  Result<void> on_wait(bus::Message& call);
  Result<void> on_kill(bus::Message& call);
  Result<void> on_resize_terminal(bus::Message& call);

  Services services_;
  engine::Exec exec_;
  std::string path_;
  bus::Slot slot_;
};

}  // namespace ambit::daemon
