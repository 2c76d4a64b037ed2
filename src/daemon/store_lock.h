#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::daemon {

// Makes the store's folder where it is missing and takes its lock, for as long as the descriptor
// is open: one writer at a time. Waits a few seconds for an ambitd that is just leaving;
// AlreadyExists where one stays.
Result<UniqueFd> lock_store(const std::string& path);

}  // namespace ambit::daemon
