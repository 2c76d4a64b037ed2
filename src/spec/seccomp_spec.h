#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The member "linux.seccomp" (runtime specification, config-linux.md, "Seccomp"). Names are kept as
// texts: what they mean is for the compiler of the filter to know.
namespace ambit::spec {

struct SeccompArgument {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;  // of SCMP_CMP_MASKED_EQ
  std::string op;               // "SCMP_CMP_EQ"
};

struct SeccompRule {
  std::vector<std::string> names;
  std::string action;  // "SCMP_ACT_ERRNO"
  std::optional<std::uint32_t> errno_ret;
  std::vector<SeccompArgument> args;
};

struct Seccomp {
  std::string default_action;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64"
  std::vector<std::string> flags;          // "SECCOMP_FILTER_FLAG_LOG"
  std::string listener_path;               // socket that gets the notify descriptor
  std::string listener_metadata;
  std::vector<SeccompRule> syscalls;
};

}  // namespace ambit::spec
