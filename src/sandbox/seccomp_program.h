#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/seccomp_names.h"
#include "sandbox/seccomp_rules.h"

// The instructions of a filter. Internal to sandbox_seccomp.
namespace ambit::sandbox {

// The first of the conditionals that fits decides, then `unconditional`, then the default action.
struct CallRule {
  std::vector<ConditionalAction> conditionals;
  std::optional<std::uint32_t> unconditional;
};

struct ArchitectureCalls {
  const LocalArchitecture* architecture = nullptr;
  std::map<std::uint32_t, CallRule> calls;  // by the number that a filter sees
};

struct ProgramOptions {
  std::uint32_t default_action = 0;
  std::uint32_t newer_action = 0;    // of calls above the highest number of an architecture
  std::uint32_t foreign_action = 0;  // of architectures that aren't there
};

// Array of struct sock_filter. Finds a call by halving the numbers, and looks at arguments only
// where something depends on them.
std::string seccomp_program(std::span<const ArchitectureCalls> architectures,
                            const ProgramOptions& options);

}  // namespace ambit::sandbox
