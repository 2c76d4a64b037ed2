#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/wire.h"
#include "daemon/services.h"

namespace ambit::daemon {

// One image on its way on the bus, dbus/org.ambit.Ambit1.Transfer.xml.
class TransferObject {
 public:
  TransferObject(const Services& services, engine::Transfer transfer);
  TransferObject(const TransferObject&) = delete;
  TransferObject& operator=(const TransferObject&) = delete;
  ~TransferObject() = default;

  Result<void> publish();
  // Takes over what the engine says now, and tells what differs.
  Result<void> update(const engine::Transfer& transfer);

  const std::string& path() const noexcept { return path_; }

 private:
  using Part = std::tuple<std::string, std::string, std::uint64_t, std::uint64_t>;

  static const sd_bus_vtable kVtable[];

  std::string kind() const { return "pull"; }
  std::string reference() const { return transfer_.reference; }
  std::string state() const { return engine::state_name(transfer_.state); }
  std::string error() const { return transfer_.error ? transfer_.error->message() : ""; }
  bus::ObjectPath image() const;
  std::vector<Part> parts() const;
  std::uint64_t bytes_done() const;
  std::uint64_t bytes_total() const;
  std::string note() const { return transfer_.note; }

  Result<void> on_wait(bus::Message& call);
  Result<void> on_cancel(bus::Message& call);

  Services services_;
  engine::Transfer transfer_;
  std::string path_;
  bus::Slot slot_;
};

}  // namespace ambit::daemon
