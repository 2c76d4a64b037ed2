#pragma once

#include "base/result.h"

namespace ambit::registry {

// Locks this process in before it speaks to the first registry: no new privileges, no program, no
// new process (threads remain, for name resolution), no namespaces, mounts, tracing, keys or BPF
// (seccomp, EPERM), no core dump, no tracer, and of files only what TLS and name resolution read:
// /etc, /usr, /run and the folders of certificates (Landlock, Linux 5.13, where the kernel has it).
// It dies with its parent. Errors name the step.
Result<void> confine();

}  // namespace ambit::registry
