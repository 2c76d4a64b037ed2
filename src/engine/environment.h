#pragma once

#include <string>
#include <vector>

#include "base/result.h"

// Environments as lists of "KEY=VALUE".
namespace ambit::engine {

// Later assignments win and keep the place of the first: a name never stands there twice, since
// which of two counts is up to each program.
void assign(std::vector<std::string>& environment, const std::string& assignment);

// InvalidArgument for what is no KEY=VALUE.
Result<void> check_environment(const std::vector<std::string>& environment);

}  // namespace ambit::engine
