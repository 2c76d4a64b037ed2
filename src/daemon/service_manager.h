#pragma once

#include <map>
#include <string>

#include "base/unique_fd.h"

// The service manager that started ambitd, as far as sd_notify(3) reaches; without one nothing
// happens.
namespace ambit::daemon {

constexpr char kBaseUsernsName[] = "userns";

// The descriptors that an earlier ambitd left in the fd store, by name. They belong to the caller,
// CLOEXEC; the environment no longer tells of them.
std::map<std::string, UniqueFd> take_stored_fds();

// Puts a descriptor into the fd store, in place of what has this name there: kept across crash and
// restart.
void store_fd(const char* name, int fd);

// Lines of sd_notify(3): "READY=1", "STOPPING=1", "STATUS=...".
void notify(const std::string& state);

}  // namespace ambit::daemon
