#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "spec/seccomp_spec.h"

// The system call filter of a container's configuration (runtime specification, config-linux.md,
// "Seccomp"). Link sandbox_seccomp.
namespace ambit::sandbox {

struct SeccompFilter {
  std::string bpf;          // array of struct sock_filter
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_*, for install_seccomp()
  bool notifies = false;    // some call goes to the listener: the install needs one
};

// Takes half a millisecond for the long profiles of engines. What the specification leaves open:
//
// * The native architecture is always filtered; those that cannot occur on this machine are left
//   out. A call of any other architecture kills the process.
// * Names that neither libseccomp nor we know are skipped, as other runtimes do, and so are rules
//   without conditions whose action is the default one.
// * Conditions on different arguments must all hold. Where two are on the same argument, each
//   condition of the rule becomes a rule of its own.
// * Of several rules for a call the first that fits decides; those with conditions come before
//   those without, wherever they stand.
// * The arguments behind socketcall(2) and ipc(2) of i386 are in memory, where no filter sees them:
//   rules with conditions are for the direct calls only.
// * With the default action ERRNO and EPERM, calls above the highest number that the profile names
//   fail with ENOSYS: they are newer than the profile, and a libc falls back from ENOSYS only.
//
// InvalidArgument for unknown actions, operators, flags and architectures, for an errno where the
// action has none, for SCMP_ACT_NOTIFY without listenerPath, and for a program that is longer than
// the kernel takes. Unsupported for a flag that the kernel lacks.
Result<SeccompFilter> compile_seccomp(const spec::Seccomp& seccomp);

}  // namespace ambit::sandbox
