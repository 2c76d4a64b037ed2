#include "engine/environment.h"

#include <algorithm>
#include <string_view>

namespace ambit::engine {
namespace {

std::string_view key_of(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

}  // namespace

void assign(std::vector<std::string>& environment, const std::string& assignment) {
  const auto same_key = [&](const std::string& e) { return key_of(e) == key_of(assignment); };
  const auto found = std::find_if(environment.begin(), environment.end(), same_key);
  if (found == environment.end()) {
    environment.push_back(assignment);
  } else {
    *found = assignment;
  }
}

Result<void> check_environment(const std::vector<std::string>& environment) {
  for (const std::string& assignment : environment) {
    if (assignment.empty()) return Error(ErrorCode::InvalidArgument, "empty environment entry");
    if (assignment.find('=') == std::string::npos || assignment.front() == '=')
      return Error(ErrorCode::InvalidArgument, "not KEY=VALUE: '" + assignment + "'");
  }
  return {};
}

}  // namespace ambit::engine
