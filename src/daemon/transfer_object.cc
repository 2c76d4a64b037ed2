#include "daemon/transfer_object.h"

#include <utility>

#include "bus/vtable.h"
#include "daemon/object_paths.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kEmits = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

bool is_fetched(const engine::TransferPart& part) { return part.stage != "present"; }

}  // namespace

const sd_bus_vtable TransferObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Kind", "s", bus::property<&TransferObject::kind>, 0, kConst),
    SD_BUS_PROPERTY("Reference", "s", bus::property<&TransferObject::reference>, 0, kConst),

    SD_BUS_PROPERTY("State", "s", bus::property<&TransferObject::state>, 0, kEmits),
    SD_BUS_PROPERTY("Error", "s", bus::property<&TransferObject::error>, 0, kEmits),
    SD_BUS_PROPERTY("Image", "o", bus::property<&TransferObject::image>, 0, kEmits),
    SD_BUS_PROPERTY("Parts", "a(sstt)", bus::property<&TransferObject::parts>, 0, kEmits),
    SD_BUS_PROPERTY("BytesDone", "t", bus::property<&TransferObject::bytes_done>, 0, kEmits),
    SD_BUS_PROPERTY("BytesTotal", "t", bus::property<&TransferObject::bytes_total>, 0, kEmits),
    SD_BUS_PROPERTY("Note", "s", bus::property<&TransferObject::note>, 0, kEmits),

    SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("o", image),
                            bus::method<&TransferObject::on_wait>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&TransferObject::on_cancel>, kOpen),

    SD_BUS_VTABLE_END,
};

TransferObject::TransferObject(const Services& services, engine::Transfer transfer)
    : services_(services), transfer_(std::move(transfer)), path_(transfer_path(transfer_.id)) {}

Result<void> TransferObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(path_, kTransferInterface, kVtable, this));
  return services_.bus.emit_interfaces_added(path_, kTransferInterface);
}

Result<void> TransferObject::update(const engine::Transfer& transfer) {
  const std::uint64_t done = bytes_done();
  const std::uint64_t total = bytes_total();
  const engine::Transfer before = std::exchange(transfer_, transfer);
  std::vector<std::string> names;
  if (before.parts != transfer_.parts) names.emplace_back("Parts");
  if (done != bytes_done()) names.emplace_back("BytesDone");
  if (total != bytes_total()) names.emplace_back("BytesTotal");
  if (before.note != transfer_.note) names.emplace_back("Note");
  if (before.state != transfer_.state) {
    names.emplace_back("State");
    names.emplace_back(transfer_.error ? "Error" : "Image");
  }
  return services_.bus.emit_properties_changed(path_, kTransferInterface, names);
}

bus::ObjectPath TransferObject::image() const {
  return {transfer_.image_id.empty() ? "/" : image_path(transfer_.image_id)};
}

std::vector<TransferObject::Part> TransferObject::parts() const {
  std::vector<Part> rows;
  for (const engine::TransferPart& part : transfer_.parts)
    rows.emplace_back(part.digest, part.stage, part.done_bytes, part.total_bytes);
  return rows;
}

std::uint64_t TransferObject::bytes_done() const {
  std::uint64_t bytes = 0;
  for (const engine::TransferPart& part : transfer_.parts)
    if (is_fetched(part)) bytes += part.stage == "unpacking" ? part.total_bytes : part.done_bytes;
  return bytes;
}

std::uint64_t TransferObject::bytes_total() const {
  std::uint64_t bytes = 0;
  for (const engine::TransferPart& part : transfer_.parts)
    if (is_fetched(part)) bytes += part.total_bytes;
  return bytes;
}

Result<void> TransferObject::on_wait(bus::Message& call) {
  services_.engine.wait_transfer(
      transfer_.id, [this, late = reply_later(services_, call)](const Result<void>& ended) {
        if (!ended) return late->fail(ended.error());
        const auto& known = services_.engine.transfers();
        late->succeed(bus::ObjectPath{image_path(known.at(transfer_.id).image_id)});
      });
  return {};
}

Result<void> TransferObject::on_cancel(bus::Message& call) {
  AMBIT_TRY(services_.engine.cancel_transfer(transfer_.id));
  return bus::reply(call);
}

}  // namespace ambit::daemon
