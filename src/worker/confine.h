#pragma once

#include "base/result.h"
#include "image/id_ranges.h"

namespace ambit::worker {

// Which folders the job may look up by name beside its descriptors' own.
enum class Groups { Dropped, Kept };

// Locks this process in before it reads the first foreign byte. Afterwards it is root of the base
// user namespace `user_ns_fd` (setns(2); the caller must own that namespace or be root of its
// parent), and it has nothing but its descriptors:
//   * root folder: an empty, read-only tmpfs in an own mount namespace, so that no path leads
//     anywhere; own network and IPC namespaces with nothing in them;
//   * capabilities: those for files of the mapped ids (chown, dac_override, dac_read_search,
//     fowner, fsetid, setfcap) and no other; no_new_privs;
//   * system calls: no exec, no mounts, no namespaces, no sockets, no tracing, no keys, no BPF,
//     no io_uring, no file handles (seccomp, EPERM);
//   * limits: no core dump, bounded memory, many descriptors; it dies with its parent.
// Each step must work: HostUnsupported or PermissionDenied name the one that didn't.
// Returns the ids that the namespace maps.
Result<image::IdMaps> confine(int user_ns_fd, Groups groups);

}  // namespace ambit::worker
