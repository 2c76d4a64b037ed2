#pragma once

#include <string>

#include "base/result.h"

// What on the host stands in the way of user namespaces, in words and with the fix.
namespace ambit::sandbox {

// The failure of making a user namespace, or of the first steps in it, explained by what the host's
// settings say. HostUnsupported where one of them does, else the error as it was.
Error explain_userns_failure(Error error);

// Whether "newuidmap" or "newgidmap" can do its work: it is there, it is privileged, and nothing
// that this process is confined by takes that from it. HostUnsupported with the fix otherwise.
Result<void> check_map_helper(const std::string& name);

// The helper's path; HostUnsupported with the package to install.
Result<std::string> find_map_helper(const std::string& name);

}  // namespace ambit::sandbox
