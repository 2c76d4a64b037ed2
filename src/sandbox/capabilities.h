#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

// A capability's number in the kernel's ABI by its name: "CAP_CHOWN", "chown", "CHOWN".
// InvalidArgument names the text.
Result<int> parse_capability(std::string_view text);

// "CAP_CHOWN"; "CAP_63" for one that has no name yet.
std::string capability_name(int number);

// All that have a name, in the order of their numbers.
std::vector<std::string> known_capabilities();

// What container engines give by default: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE
// SETFCAP SETGID SETPCAP SETUID SYS_CHROOT, in the order of their numbers, as "CAP_...".
std::vector<std::string> default_capabilities();

// The default set with --cap-add and --cap-drop applied, "ALL" included: first what "ALL" says,
// then drops, then additions, as podman and docker do it. In the order of numbers.
Result<std::vector<std::string>> apply_capability_options(const std::vector<std::string>& add,
                                                          const std::vector<std::string>& drop);

// The five sets for a process that is to have `granted`. Inheritable and ambient are empty, except
// that `for_user` (explicitly added ones, for a user other than root) are in both, so that they
// survive execve.
spec::Capabilities capability_sets(const std::vector<std::string>& granted,
                                   const std::vector<std::string>& for_user = {});

// The sets as bits, one per number.
struct CapabilityBits {
  std::uint64_t bounding = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t ambient = 0;
};

// InvalidArgument for an unknown name.
Result<CapabilityBits> capability_bits(const spec::Capabilities& sets);

// Takes everything outside `bounding` out of the calling process's bounding set. Needs CAP_SETPCAP.
Result<void> limit_bounding_set(std::uint64_t bounding);

// The permitted, effective and inheritable set, in one system call. capset(2) takes away from the
// ambient set what they lack.
Result<void> lower_capabilities(const CapabilityBits& bits);

// Sets the other four, the ambient set last: of it, what is permitted and inheritable too, which is
// what the kernel makes of any (capabilities(7)).
Result<void> set_capabilities(const CapabilityBits& bits);

}  // namespace ambit::sandbox
