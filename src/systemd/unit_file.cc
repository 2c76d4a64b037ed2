#include "systemd/unit_file.h"

#include "systemd/manager_client.h"

namespace ambit::systemd {

Result<std::string> unit_file_state(bus::Bus& bus, const std::string& unit) {
  bus::Message call = AMBIT_TRY(
      bus.new_call({kManagerService, kManagerPath, kManagerInterface, "GetUnitFileState"}));
  AMBIT_TRY(call.append(unit));
  bus::Message answer = AMBIT_TRY(bus.call(call).context("GetUnitFileState " + unit));
  return answer.read<std::string>();
}

}  // namespace ambit::systemd
