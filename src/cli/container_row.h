#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "cli/client.h"

namespace ambit::cli {

// Start, end, exit code, reason, and whether the kernel killed a process of it for want of memory.
using PastRunRow = std::tuple<std::int64_t, std::int64_t, std::int32_t, std::string, bool>;

// A container as listings show it. Times in µs since 1970, 0: never.
struct ContainerRow {
  std::string id, name, image, image_id, state, exit_reason, unit, restart_policy, health, pod;
  std::vector<std::string> command;
  std::map<std::string, std::string> labels;
  std::int64_t created_usec = 0;
  std::int64_t started_usec = 0;
  std::int64_t exited_usec = 0;
  std::int64_t restart_usec = 0;  // when its policy starts it again; 0: it does not
  std::int32_t exit_code = 0;
  std::uint32_t main_pid = 0;
  std::uint32_t restart_count = 0;
  bool oom_killed = false;
  std::optional<std::uint64_t> size_bytes;  // of what it has written, after add_sizes()
  std::vector<PastRunRow> past_runs;        // the newest first
};

// All containers, newest first: one call of GetManagedObjects.
Result<std::vector<ContainerRow>> list_containers(Client& client);

// Asks for the sizes of these; nothing where one can't be told.
Result<void> add_sizes(Client& client, std::vector<ContainerRow>& rows);

// Or will be soon, as its restart policy has it.
bool is_running(const ContainerRow& row);

// "Restarting (1) in 12 s", "Up 5 minutes", "Up 5 minutes (unhealthy)", "Up 5 seconds (health:
// starting)", "Exited (0) 2 hours ago", "Exited (137, oom) 1 hour
// ago", "Exited (unknown) 1 second ago", "Created".
std::string status_text(const ContainerRow& row, std::int64_t now_usec);

// `--filter KEY=VALUE`: name (a part of it), id (its beginning), status, image or ancestor, label
// (KEY or KEY=VALUE), exited (a code), health (none: there is no check), pod. InvalidArgument names
// what is unknown.
struct ContainerFilter {
  std::map<std::string, std::vector<std::string>> wanted;
};
Result<ContainerFilter> parse_container_filter(const std::vector<std::string>& texts);

// Values of one key are alternatives, but all labels must be there; keys add up.
bool matches(const ContainerFilter& filter, const ContainerRow& row);

}  // namespace ambit::cli
