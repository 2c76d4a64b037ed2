#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <seccomp.h>

// The words of a seccomp profile and what they are to the kernel and to libseccomp. Internal to
// sandbox_seccomp.
namespace ambit::sandbox {

struct ActionName {
  std::string_view name;
  std::uint32_t value;     // SECCOMP_RET_*, without data
  std::uint32_t data_max;  // 0: has no errno
};

struct OperatorName {
  std::string_view name;
  scmp_compare value;
};

struct FlagName {
  std::string_view name;
  std::uint32_t value;   // SECCOMP_FILTER_FLAG_*
  std::uint32_t needed;  // flags that the kernel wants beside it
};

// An architecture whose calls can occur on this machine.
struct LocalArchitecture {
  std::uint32_t token;        // SCMP_ARCH_*
  std::uint32_t audit;        // AUDIT_ARCH_*, as a filter sees it; x32 has that of x86-64
  std::uint32_t number_base;  // what is added to the numbers that all architectures share
  std::uint64_t argument;     // the bits of an argument
};

std::span<const ActionName> seccomp_actions();
std::span<const OperatorName> seccomp_operators();
std::span<const FlagName> seccomp_flags();
std::span<const std::string_view> seccomp_architectures();

// nullptr for a name that is none.
const ActionName* find_seccomp_action(std::string_view name);
const OperatorName* find_seccomp_operator(std::string_view name);
const FlagName* find_seccomp_flag(std::string_view name);
bool is_seccomp_architecture(std::string_view name);

const LocalArchitecture& native_architecture();
// nullptr for one of other machines.
const LocalArchitecture* find_local_architecture(std::string_view name);

// Whether the running kernel takes the flag. Changes nothing about the caller.
bool kernel_has_flag(const FlagName& flag);

}  // namespace ambit::sandbox
