#include <memory>
#include <string_view>
#include <utility>

#include "systemd/manager_client.h"
#include "systemd/unit_name.h"

// Limits of units; apart, so that a program that sets none links no table of properties.
namespace ambit::systemd {
namespace {

const char* interface_of(std::string_view unit) {
  return unit.ends_with(".slice") ? kSliceInterface : kScopeInterface;
}

}  // namespace

void ManagerClient::get_resources(const std::string& unit, PropertiesDone done) {
  Result<bus::Message> call =
      bus_.new_call({kManagerService, unit_path(unit), kPropertiesInterface, "GetAll"});
  if (call) {
    const Result<void> filled = call->append(std::string(interface_of(unit)));
    if (!filled) call = filled.error();
  }
  send(call, "reading the limits of " + unit,
       [done = std::move(done)](Result<bus::Message> answer) {
         if (!answer) return done(std::move(answer).error());
         done(read_resource_properties(*answer));
       });
}

void ManagerClient::set_properties(const std::string& unit, const UnitProperties& properties,
                                   Done done) {
  constexpr bool kRuntime = true;  // a transient unit's are never kept longer
  const auto result = std::make_shared<Result<void>>();
  send(filled_call("SetUnitProperties", unit, kRuntime, properties), "SetUnitProperties " + unit,
       [result](Result<bus::Message> answer) {
         if (!answer) *result = std::move(answer).error();
       });
  // The manager answers first and writes the files before it looks at the next call.
  get_control_group(unit, [result, done = std::move(done)](const Result<std::string>&) {
    done(std::move(*result));
  });
}

void ManagerClient::keep_properties(const std::string& unit, const UnitProperties& properties,
                                    Done done) {
  constexpr bool kRuntime = false;
  const auto result = std::make_shared<Result<void>>();
  send(filled_call("SetUnitProperties", unit, kRuntime, properties), "SetUnitProperties " + unit,
       [result](Result<bus::Message> answer) {
         if (!answer) *result = std::move(answer).error();
       });
  // As above.
  get_resources(unit, [result, done = std::move(done)](const Result<UnitProperties>&) {
    done(std::move(*result));
  });
}

void ManagerClient::revert_unit(const std::string& unit, Done done) {
  send(filled_call("RevertUnitFiles", std::vector<std::string>{unit}), "RevertUnitFiles " + unit,
       [done = std::move(done)](Result<bus::Message> answer) {
         done(answer ? Result<void>() : std::move(answer).error());
       });
}

}  // namespace ambit::systemd
