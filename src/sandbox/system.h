#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "spec/runtime_spec.h"

// What a container sets in its own uts, network and ipc namespaces.
namespace ambit::sandbox {

Result<void> set_hostname(const std::string& hostname);
Result<void> set_domainname(const std::string& domainname);

// Brings the loopback interface of a new network namespace up.
Result<void> bring_up_loopback();

// Writes sysctls below the verified procfs handle. InvalidArgument for one that is not of a
// namespace that the container has to itself: it would be the host's.
Result<void> write_sysctls(int procfs_fd, const spec::RuntimeSpec& spec);

}  // namespace ambit::sandbox
