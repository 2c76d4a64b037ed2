#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ambit::sandbox {

// What the kernel would do with a call below a filter: the program's SECCOMP_RET_* with its data.
// Nothing for a program that the kernel would refuse or that runs off its end.
std::optional<std::uint32_t> run_bpf(std::string_view program, const seccomp_data& call);

}  // namespace ambit::sandbox
