#include "spec/state.h"

#include <nlohmann/json.hpp>

namespace ambit::spec {

namespace {

using nlohmann::json;

// The version that this structure has in the specification's own text.
constexpr char kProcessStateVersion[] = "0.2.0";

json to_json(const State& state) {
  json document = {{"ociVersion", state.oci_version},
                   {"id", state.id},
                   {"status", state.status},
                   {"bundle", state.bundle},
                   {"annotations", state.annotations}};
  if (state.pid > 0) document["pid"] = state.pid;
  return document;
}

std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string write_state(const State& state) { return dump(to_json(state)); }

std::string write_container_process_state(const State& state, pid_t pid,
                                          const std::string& metadata) {
  json document = {{"ociVersion", kProcessStateVersion},
                   {"fds", {"seccompFd"}},
                   {"pid", pid},
                   {"state", to_json(state)}};
  if (!metadata.empty()) document["metadata"] = metadata;
  return dump(document);
}

}  // namespace ambit::spec
