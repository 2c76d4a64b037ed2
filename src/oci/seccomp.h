#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/child.h"
#include "sandbox/seccomp_compile.h"
#include "spec/runtime_spec.h"

namespace ambit::oci {

// The filter of a container, compiled, and the way to who answers what it notifies.
struct SeccompPlan {
  sandbox::SeccompFilter filter;
  UniqueFd listener;
  std::string metadata;

  sandbox::Seccomp borrow() const;
};

// Empty where the container has no filter. Connects to linux.seccomp.listenerPath.
Result<SeccompPlan> plan_seccomp(const spec::RuntimeSpec& spec);

}  // namespace ambit::oci
