#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/client.h"

namespace ambit::cli {

// The same for several containers, or several pods.
struct Batch {
  // Whether the call may be made again where ambitd dies over it.
  enum class Repeat { Never, WhereAmbitdDied };

  // The manager's method that finds what a name means.
  const char* find = "GetContainer";
  // The call for the container, or the pod, at this path.
  std::function<Result<bus::Message>(const std::string& path)> make_call;
  // Told of success, in the order of the names; nothing: the name is printed.
  std::function<void(const std::string& name, bus::Message& answer)> on_success;
  // The exit code of a failure; nothing: exit_code().
  int (*code_of)(ErrorCode) = nullptr;
  // Failures that count as success without on_success.
  std::function<bool(ErrorCode)> ignore;
  Repeat repeat = Repeat::Never;
  // With it: a second attempt that finds no container has succeeded. The first one removed it.
  bool may_vanish = false;
};

// Calls all side by side, so that ten containers with ten seconds to stop take ten seconds. Each
// failure is printed as "ambit: NAME: ...". Returns 0, or the exit code of the first failure.
int for_each_container(Client& client, const std::vector<std::string>& names, const Batch& batch);

// The IDs of all containers, or of those in one of the states.
Result<std::vector<std::string>> all_container_ids(Client& client,
                                                   const std::vector<std::string>& states = {});

}  // namespace ambit::cli
