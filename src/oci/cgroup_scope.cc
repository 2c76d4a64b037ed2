#include "oci/cgroup_scope.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "bus/event_loop.h"
#include "os/cgroup.h"
#include "systemd/manager_client.h"
#include "systemd/scope.h"

namespace ambit::oci {
namespace {

using systemd::kManagerInterface;
using systemd::kManagerPath;
using systemd::kManagerService;

constexpr std::chrono::seconds kStopTimeout{30};

Result<bus::Bus> open_bus(Authority authority) {
  return authority == Authority::System ? bus::Bus::open_system() : bus::Bus::open_user();
}

// Loop, bus and manager together. On the heap, since the manager refers to the other two.
struct Connection {
  Connection(bus::EventLoop made_loop, bus::Bus opened_bus)
      : loop(std::move(made_loop)), bus(std::move(opened_bus)) {}
  bus::EventLoop loop;
  bus::Bus bus;
  std::unique_ptr<systemd::ManagerClient> manager;

  template <typename T>
  Result<T> run_until(std::optional<Result<T>>& answer) {
    // Every call of the client has a deadline of its own.
    while (!answer) AMBIT_TRY(loop.run_once(std::chrono::microseconds(-1)));
    return std::move(*answer);
  }
};

Result<std::unique_ptr<Connection>> connect(Authority authority) {
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  bus::Bus bus = AMBIT_TRY(open_bus(authority));
  auto made = std::make_unique<Connection>(std::move(loop), std::move(bus));
  AMBIT_TRY(made->bus.attach(made->loop));
  made->manager = AMBIT_TRY(
      systemd::ManagerClient::create(made->bus, made->loop, systemd::ManagerSignals::OwnJobs));
  return made;
}

Result<bus::Message> new_call(bus::Bus& bus, const char* method) {
  return bus.new_call({kManagerService, kManagerPath, kManagerInterface, method});
}

}  // namespace

struct ScopeStart::State {
  std::unique_ptr<Connection> connection;
  std::optional<Result<std::string>> answer;
};

ScopeStart::ScopeStart(std::unique_ptr<State> state) : state_(std::move(state)) {}
ScopeStart::ScopeStart(ScopeStart&&) noexcept = default;
ScopeStart& ScopeStart::operator=(ScopeStart&&) noexcept = default;
ScopeStart::~ScopeStart() = default;

Result<ScopeStart> ScopeStart::send(Request request) {
  auto state = std::make_unique<State>();
  state->connection = AMBIT_TRY(connect(request.authority));
  systemd::start_scope(*state->connection->manager,
                       {.kind = systemd::ScopeKind::Plain,
                        .unit = std::move(request.name.unit),
                        .description = std::move(request.description),
                        .pid = request.pid,
                        .slice = std::move(request.name.slice),
                        .extra = std::move(request.properties)},
                       [state = state.get()](Result<std::string> control_group) {
                         state->answer.emplace(std::move(control_group));
                       });
  AMBIT_TRY(state->connection->bus.flush());
  return ScopeStart(std::move(state));
}

Result<std::string> ScopeStart::wait() { return state_->connection->run_until(state_->answer); }

Result<void> set_scope_properties(const std::string& unit, Authority authority,
                                  const bus::OptionWriter& properties) {
  bus::Bus bus = AMBIT_TRY(open_bus(authority));
  bus::Message call = AMBIT_TRY(new_call(bus, "SetUnitProperties"));
  AMBIT_TRY(call.append(unit, /* runtime */ true));
  AMBIT_TRY(properties.append_structs(call));
  AMBIT_TRY(bus.call(call).context("SetUnitProperties " + unit));
  return {};
}

Result<void> attach_to_scope(const std::string& unit, Authority authority, pid_t pid) {
  bus::Bus bus = AMBIT_TRY(open_bus(authority));
  bus::Message call = AMBIT_TRY(new_call(bus, "AttachProcessesToUnit"));
  AMBIT_TRY(call.append(unit, /* cgroup below the unit's */ std::string(),
                        std::vector<std::uint32_t>{static_cast<std::uint32_t>(pid)}));
  AMBIT_TRY(bus.call(call).context("AttachProcessesToUnit " + unit));
  return {};
}

Result<void> stop_scope(const std::string& unit, Authority authority) {
  const std::unique_ptr<Connection> connection = AMBIT_TRY(connect(authority));
  std::optional<Result<void>> answer;
  connection->manager->stop_unit(unit, kStopTimeout,
                                 [&](Result<void> result) { answer.emplace(std::move(result)); });
  return connection->run_until(answer);
}

Result<void> stop_empty_scope(const std::string& unit, Authority authority) {
  const std::unique_ptr<Connection> connection = AMBIT_TRY(connect(authority));
  std::optional<Result<void>> answer;
  connection->manager->get_control_group(unit, [&](Result<std::string> group) {
    // Not loaded, or without a cgroup: nothing lives there.
    const auto pids = group && !group->empty() ? os::processes_below(*group)
                                               : Result<std::vector<pid_t>>(std::vector<pid_t>());
    if (pids && !(*pids).empty()) {
      answer.emplace();
      return;
    }
    connection->manager->stop_unit(unit, kStopTimeout,
                                   [&](Result<void> result) { answer.emplace(std::move(result)); });
  });
  return connection->run_until(answer);
}

}  // namespace ambit::oci
