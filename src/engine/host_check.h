#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/paths.h"
#include "base/result.h"

// What ambit needs of this host, found out by trying it: `ambit doctor`.
namespace ambit::engine {

enum class CheckState {
  Ok,
  Warning,  // containers run; something that a person should know is not as good as it could be
  Missing,  // containers don't run
};

// "ok", "warning", "missing": as on D-Bus.
const char* to_string(CheckState state);
Result<CheckState> parse_check_state(std::string_view text);

struct HostCheck {
  std::string name;
  CheckState state = CheckState::Ok;
  std::string detail;
  std::string fix;  // a command or a sentence; "" where there is nothing to do
  std::string documentation;
};

// All checks. Forks, makes namespaces, mounts below the store's folder, asks other services and
// waits for the journal, seconds in the worst case: for a process of its own with one thread.
std::vector<HostCheck> check_host(const Paths& paths);

// The names of the checks that are ok, of those that take only milliseconds. Forks.
std::vector<std::string> host_features(const Paths& paths);

}  // namespace ambit::engine
