#include "oci/stored_state.h"

#include <nlohmann/json.hpp>

#include "spec/json_reader.h"

namespace ambit::oci {

using nlohmann::json;

std::string write_stored_state(const StoredState& state) {
  const json document = {{"id", state.id},
                         {"bundle", state.bundle},
                         {"created", state.created},
                         {"pid", state.pid},
                         {"startTicks", state.start_ticks},
                         {"owner", state.owner},
                         {"cgroup", state.cgroup.path},
                         {"scope", state.cgroup.scope},
                         {"manager", static_cast<int>(state.cgroup.manager)}};
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<StoredState> parse_stored_state(std::string_view text) {
  spec::JsonReader read("state");
  const json document = AMBIT_TRY(read.parse(text));
  StoredState state;
  state.id = read.string(document, "id");
  state.bundle = read.string(document, "bundle");
  state.created = read.string(document, "created");
  state.pid = read.number<pid_t>(document, "pid");
  state.start_ticks = read.number<std::uint64_t>(document, "startTicks");
  state.owner = read.number<std::uint32_t>(document, "owner");
  state.cgroup.path = read.string(document, "cgroup");
  state.cgroup.scope = read.string(document, "scope");
  const int manager = read.number<int>(document, "manager");
  if (manager != 0 && manager != 1) read.wrong("manager");
  state.cgroup.manager = static_cast<CgroupManager>(manager);
  AMBIT_TRY(read.check());
  return state;
}

}  // namespace ambit::oci
