#pragma once

#include "base/result.h"
#include "spec/process_spec.h"

// AppArmor profiles and SELinux labels of the next execve.
namespace ambit::sandbox {

bool has_apparmor();
bool has_selinux();

// HostUnsupported where the process is to have a profile or label that this host knows nothing of:
// without it the process would run with more rights than it was meant to have.
Result<void> check_security_labels(const spec::ProcessSpec& process);

// Has the next execve change to them (/proc/self/attr/exec). Needs a /proc, which is verified.
Result<void> set_security_labels(const spec::ProcessSpec& process);

}  // namespace ambit::sandbox
