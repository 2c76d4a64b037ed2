#pragma once

#include <sys/types.h>

#include <string>

namespace ambit {

// The user's name as this machine knows it (getpwuid(3), with all that nsswitch.conf(5) names),
// else the number. Nothing for a static program, into which those modules can't be loaded.
std::string user_name(uid_t uid);

}  // namespace ambit
