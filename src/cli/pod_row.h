#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/client.h"
#include "cli/container_row.h"

namespace ambit::cli {

// A pod as listings show it. Times in µs since 1970.
struct PodRow {
  std::string name, state, unit, control_group, hostname;
  std::vector<std::string> share;  // "net", "ipc", "uts"
  std::map<std::string, std::string> labels;
  std::int64_t created_usec = 0;
  bool shared = false;                   // what it shares is kept at this moment
  std::vector<ContainerRow> containers;  // newest first
};

// All pods with their containers, newest first.
Result<std::vector<PodRow>> list_pods(Client& client);

// `--filter KEY=VALUE`: name (a part of it), status, label (KEY or KEY=VALUE). InvalidArgument
// names what is unknown.
struct PodFilter {
  std::map<std::string, std::vector<std::string>> wanted;
};
Result<PodFilter> parse_pod_filter(const std::vector<std::string>& texts);

// Values of one key are alternatives, but all labels must be there; keys add up.
bool matches(const PodFilter& filter, const PodRow& row);

// For people: "Running (2)", "Degraded (1 of 2)", "Exited".
std::string status_text(const PodRow& row);

}  // namespace ambit::cli
