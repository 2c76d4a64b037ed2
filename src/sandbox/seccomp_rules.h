#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <seccomp.h>

#include "base/result.h"
#include "sandbox/seccomp_names.h"
#include "spec/seccomp_spec.h"

// A profile with its words understood, ordered by calls. Internal to sandbox_seccomp.
namespace ambit::sandbox {

struct ConditionalAction {
  std::uint32_t action = 0;
  std::vector<scmp_arg_cmp> conditions;  // on different arguments; all must hold
};

// What a profile says about one call, in its order. Conditions come before the rule without.
struct CallRules {
  std::string name;
  std::vector<ConditionalAction> conditionals;
  std::optional<std::uint32_t> unconditional;
};

struct SeccompRules {
  std::uint32_t default_action = 0;  // SECCOMP_RET_* with its data
  std::uint32_t flags = 0;           // SECCOMP_FILTER_FLAG_*
  bool notifies = false;
  std::vector<const LocalArchitecture*> architectures;  // the native one first
  std::vector<CallRules> calls;                         // also those that get the default action
};

// Errors as those of compile_seccomp().
Result<SeccompRules> understand_seccomp(const spec::Seccomp& seccomp);

}  // namespace ambit::sandbox
