#include <utility>

#include "base/strings.h"
#include "systemd/manager_client.h"

// What the manager is, apart from its units.
namespace ambit::systemd {

template <typename T>
void ManagerClient::get_own_property(const char* name, std::function<void(Result<T>)> done) {
  Result<bus::Message> call =
      bus_.new_call({kManagerService, kManagerPath, kPropertiesInterface, "Get"});
  if (call) {
    const Result<void> filled = call->append(std::string(kManagerInterface), std::string(name));
    if (!filled) call = filled.error();
  }
  send(call, strf("asking the user manager for %s", name),
       [done = std::move(done)](Result<bus::Message> answer) {
         if (!answer) return done(std::move(answer).error());
         auto value = answer->template read<bus::Variant<T>>();
         if (!value) return done(std::move(value).error());
         done(std::move(value->value));
       });
}

void ManagerClient::get_system_state(TextDone done) {
  get_own_property<std::string>("SystemState", std::move(done));
}

void ManagerClient::get_start_time(TimeDone done) {
  get_own_property<std::uint64_t>("UserspaceTimestampMonotonic", std::move(done));
}

Result<std::string> ManagerClient::manager_group_now() {
  bus::Message call =
      AMBIT_TRY(bus_.new_call({kManagerService, kManagerPath, kPropertiesInterface, "Get"}));
  AMBIT_TRY(call.append(std::string(kManagerInterface), std::string("ControlGroup")));
  bus::Message answer = AMBIT_TRY(bus_.call(call).context("asking the user manager its cgroup"));
  auto group = AMBIT_TRY(answer.read<bus::Variant<std::string>>());
  return std::move(group.value);
}

}  // namespace ambit::systemd
