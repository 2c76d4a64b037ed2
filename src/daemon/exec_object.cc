#include "daemon/exec_object.h"

#include <csignal>
#include <utility>

#include "base/strings.h"
#include "bus/vtable.h"
#include "daemon/object_paths.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kEmits = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

}  // namespace

const sd_bus_vtable ExecObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Container", "o", bus::property<&ExecObject::container>, 0, kConst),
    SD_BUS_PROPERTY("Command", "as", bus::property<&ExecObject::command>, 0, kConst),
    SD_BUS_PROPERTY("Terminal", "b", bus::property<&ExecObject::terminal>, 0, kConst),

    SD_BUS_PROPERTY("Pid", "u", bus::property<&ExecObject::pid>, 0, kEmits),
    SD_BUS_PROPERTY("Running", "b", bus::property<&ExecObject::running>, 0, kEmits),
    SD_BUS_PROPERTY("ExitCode", "i", bus::property<&ExecObject::exit_code>, 0, kEmits),

    SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("i", code),
                            bus::method<&ExecObject::on_wait>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_NO_RESULT,
                            bus::method<&ExecObject::on_kill>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ResizeTerminal", SD_BUS_ARGS("u", rows, "u", columns),
                            SD_BUS_NO_RESULT, bus::method<&ExecObject::on_resize_terminal>, kOpen),

    SD_BUS_VTABLE_END,
};

ExecObject::ExecObject(const Services& services, engine::Exec exec)
    : services_(services), exec_(std::move(exec)), path_(exec_path(exec_.id)) {}

Result<void> ExecObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(path_, kExecInterface, kVtable, this));
  return services_.bus.emit_interfaces_added(path_, kExecInterface);
}

Result<void> ExecObject::update(const engine::Exec& exec) {
  const engine::Exec before = std::exchange(exec_, exec);
  std::vector<std::string> names;
  if (before.pid != exec_.pid) names.emplace_back("Pid");
  if (before.running != exec_.running) names.emplace_back("Running");
  if (before.exit_code != exec_.exit_code) names.emplace_back("ExitCode");
  return services_.bus.emit_properties_changed(path_, kExecInterface, names);
}

bus::ObjectPath ExecObject::container() const { return {container_path(exec_.container_id)}; }

Result<void> ExecObject::on_wait(bus::Message& call) {
  services_.engine.wait_exec(exec_.id, [late = reply_later(services_, call)](int code) {
    late->succeed(std::int32_t{code});
  });
  return {};
}

Result<void> ExecObject::on_kill(bus::Message& call) {
  const auto signal = AMBIT_TRY(call.read<std::int32_t>());
  if (signal <= 0 || signal > SIGRTMAX)
    return Error(ErrorCode::InvalidArgument, strf("there is no signal %d", signal));
  AMBIT_TRY(services_.engine.kill_exec(exec_.id, signal));
  return bus::reply(call);
}

Result<void> ExecObject::on_resize_terminal(bus::Message& call) {
  const auto [rows, columns] = AMBIT_TRY((call.read<std::uint32_t, std::uint32_t>()));
  if (rows > UINT16_MAX || columns > UINT16_MAX)
    return Error(ErrorCode::InvalidArgument, strf("no terminal has %u×%u cells", rows, columns));
  AMBIT_TRY(services_.engine.resize_exec(exec_.id, rows, columns));
  return bus::reply(call);
}

}  // namespace ambit::daemon
