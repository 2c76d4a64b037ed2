#pragma once

#include <span>

namespace ambit::sandbox {

// System calls that a process may make when it has one of the capabilities, and that are denied
// with EPERM when it has none of them.
struct ConditionalCalls {
  std::span<const char* const> capabilities;
  std::span<const char* const> calls;
};

// A system call that is newer than the libseccomp that we build with. Since Linux 5.1 new ones have
// the same number on every architecture.
struct NumberedCall {
  const char* name;
  int number;
};

std::span<const char* const> allowed_calls();
std::span<const char* const> denied_calls();
std::span<const ConditionalCalls> conditional_calls();
std::span<const NumberedCall> numbered_calls();

}  // namespace ambit::sandbox
