#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace ambit::worker {

// The command line, as image/worker_call.h writes it.
struct Arguments {
  std::string verb;
  std::map<std::string, int> fds;  // name to number
  std::map<std::string, std::string> options;
  std::vector<std::string> names;

  // Internal where the caller forgot it.
  Result<int> fd(const std::string& name) const;
  std::string option(const std::string& name) const;  // "" where it isn't given
};

// Every descriptor that isn't named is closed.
Result<Arguments> parse_arguments(int argc, char** argv);

}  // namespace ambit::worker
