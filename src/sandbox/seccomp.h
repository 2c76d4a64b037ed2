#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::sandbox {

// Who answers the calls that a filter notifies (seccomp_unotify(2)).
struct SeccompListener {
  // A connected AF_UNIX stream socket, close-on-exec; it is closed when the descriptor is sent.
  // -1: nobody.
  int socket_fd = -1;
  // The container process state as JSON (runtime specification, config-linux.md); goes with the
  // descriptor in one sendmsg(2).
  std::string message;
};

// Confines the calling process, for good, with a compiled filter: seccomp_profile.h,
// seccomp_compile.h. `flags` are SECCOMP_FILTER_FLAG_*. Needs no_new_privs or CAP_SYS_ADMIN.
// InvalidArgument where `bpf` is no filter.
//
// With a listener the notify descriptor has been sent when this returns, and is open nowhere in
// this process. The caller has one thread. No system call is made below the filter, whatever that
// refuses; a thread that is not confined sends, and has ended or ends with the next execve, so
// there is no child to reap. It counts against pids.max and RLIMIT_NPROC while it lives.
Result<void> install_seccomp(std::string_view bpf, std::uint32_t flags = 0,
                             const SeccompListener& listener = {});

}  // namespace ambit::sandbox
