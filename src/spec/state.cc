#include "spec/state.h"

#include <nlohmann/json.hpp>

namespace ambit::spec {

std::string write_state(const State& state) {
  nlohmann::json document = {{"ociVersion", state.oci_version},
                             {"id", state.id},
                             {"status", state.status},
                             {"bundle", state.bundle},
                             {"annotations", state.annotations}};
  if (state.pid > 0) document["pid"] = state.pid;
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ambit::spec
