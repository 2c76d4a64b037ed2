#include "daemon/pod_object.h"

#include <csignal>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "bus/vtable.h"
#include "daemon/object_paths.h"
#include "daemon/pod_options.h"
#include "engine/pods.h"
#include "spec/holder_settings.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kEmits = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

engine::Done finishing(const Services& services, const bus::Message& call) {
  return [late = reply_later(services, call)](const Result<void>& result) { late->finish(result); };
}

}  // namespace

const sd_bus_vtable PodObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Name", "s", bus::property<&PodObject::name>, 0, kConst),
    SD_BUS_PROPERTY("CreatedAt", "x", bus::property<&PodObject::created_at>, 0, kConst),
    SD_BUS_PROPERTY("Share", "as", bus::property<&PodObject::share>, 0, kConst),
    SD_BUS_PROPERTY("Hostname", "s", bus::property<&PodObject::hostname>, 0, kConst),
    SD_BUS_PROPERTY("Labels", "a{ss}", bus::property<&PodObject::labels>, 0, kConst),
    SD_BUS_PROPERTY("Unit", "s", bus::property<&PodObject::unit>, 0, kConst),

    SD_BUS_PROPERTY("State", "s", bus::property<&PodObject::state>, 0, kEmits),
    SD_BUS_PROPERTY("ControlGroup", "s", bus::property<&PodObject::control_group>, 0, kEmits),
    SD_BUS_PROPERTY("Shared", "b", bus::property<&PodObject::shared>, 0, kEmits),
    SD_BUS_PROPERTY("Containers", "ao", bus::property<&PodObject::containers>, 0, kEmits),

    SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_start>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("t", timeout_usec), SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_stop>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_ARGS("t", timeout_usec), SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_restart>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_kill>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_pause>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_resume>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_remove>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("SetLimits", SD_BUS_ARGS("a(sv)", properties), SD_BUS_NO_RESULT,
                            bus::method<&PodObject::on_set_limits>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                            bus::method<&PodObject::on_inspect>, kOpen),

    SD_BUS_VTABLE_END,
};

PodObject::PodObject(const Services& services, const engine::Pod& pod)
    : services_(services), pod_(pod), path_(pod_path(pod.record.name)) {}

Result<void> PodObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(path_, kPodInterface, kVtable, this));
  return services_.bus.emit_interfaces_added(path_, kPodInterface);
}

void PodObject::tell_changes(const engine::PodRunState& before) {
  const engine::PodRunState& now = pod_.run;
  std::vector<std::string> names;
  if (before.state != now.state) names.emplace_back("State");
  if (before.control_group != now.control_group) names.emplace_back("ControlGroup");
  if (before.has_holder != now.has_holder) names.emplace_back("Shared");
  if (before.containers != now.containers) names.emplace_back("Containers");
  const auto sent = services_.bus.emit_properties_changed(path_, kPodInterface, names);
  if (!sent) log(LogLevel::Warning, "%s", sent.error().message().c_str());
}

PodObject::Strings PodObject::share() const {
  Strings names;
  for (const spec::NamespaceType type : pod_.record.options.share)
    names.emplace_back(spec::share_name(type));
  return names;
}

std::vector<bus::ObjectPath> PodObject::containers() const {
  std::vector<bus::ObjectPath> paths;
  for (const std::string& id : pod_.run.containers) paths.push_back({container_path(id)});
  return paths;
}

Result<void> PodObject::on_start(bus::Message& call) {
  services_.engine.pods().start(name(), finishing(services_, call));
  return {};
}

Result<void> PodObject::on_stop(bus::Message& call) {
  const auto timeout_usec = AMBIT_TRY(call.read<std::uint64_t>());
  services_.engine.pods().stop(name(), timeout_usec, finishing(services_, call));
  return {};
}

Result<void> PodObject::on_restart(bus::Message& call) {
  const auto timeout_usec = AMBIT_TRY(call.read<std::uint64_t>());
  services_.engine.pods().restart(name(), timeout_usec, finishing(services_, call));
  return {};
}

Result<void> PodObject::on_kill(bus::Message& call) {
  const auto signal = AMBIT_TRY(call.read<std::int32_t>());
  if (signal <= 0 || signal > SIGRTMAX)
    return Error(ErrorCode::InvalidArgument, strf("there is no signal %d", signal));
  AMBIT_TRY(services_.engine.pods().kill(name(), signal));
  return bus::reply(call);
}

Result<void> PodObject::on_pause(bus::Message& call) {
  services_.engine.pods().pause(name(), finishing(services_, call));
  return {};
}

Result<void> PodObject::on_resume(bus::Message& call) {
  services_.engine.pods().resume(name(), finishing(services_, call));
  return {};
}

Result<void> PodObject::on_remove(bus::Message& call) {
  const engine::RemoveMode mode = AMBIT_TRY(read_pod_remove_options(call));
  services_.engine.pods().remove(name(), mode, finishing(services_, call));
  return {};
}

Result<void> PodObject::on_set_limits(bus::Message& call) {
  auto properties = AMBIT_TRY(call.read<systemd::UnitProperties>());
  services_.engine.pods().set_limits(name(), std::move(properties), finishing(services_, call));
  return {};
}

Result<void> PodObject::on_inspect(bus::Message& call) {
  services_.engine.pods().inspect(
      name(), [late = reply_later(services_, call)](const Result<std::string>& json) {
        if (json)
          late->succeed(*json);
        else
          late->fail(json.error());
      });
  return {};
}

}  // namespace ambit::daemon
