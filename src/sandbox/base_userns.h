#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/runtime_spec.h"

// The user's base user namespace: made once, kept by a descriptor, parent of every container's own.
// Inside it the user is root, so that a monitor in it writes its container's maps itself and no
// setuid helper is on the start path.
namespace ambit::sandbox {

// What the namespace maps. `host_id` is an id of the namespace that reads it.
struct Extents {
  std::vector<spec::IdMapping> uids;
  std::vector<spec::IdMapping> gids;
};

struct BaseNamespace {
  UniqueFd userns;
  Extents extents;
  // Set where the user has no subordinate ids: containers then have the single id 0, and the
  // reader should know. One line with the fix.
  std::string note;
};

// Makes the namespace with the maps "0 UID 1" and "1 SUBUID COUNT" for each range that
// /etc/subuid and /etc/subgid give the calling user, by name (`user`) or by number, through
// newuidmap and newgidmap. A process that may write the maps itself (root) does; root without
// ranges gets kRootFirstId. A user without ranges gets the single-id map, with setgroups denied.
//
// Forks; waits for the helpers, about 3 ms. The caller may have threads.
//
// HostUnsupported, with the fix in the message, where the host refuses: user namespaces off, an
// AppArmor restriction, newuidmap missing or not privileged, NoNewPrivileges in the way, ranges
// that the namespace we are in doesn't have.
Result<BaseNamespace> make_base_userns(const std::string& user);

// The maps that make_base_userns() would write: for a container that gets a namespace of its own
// right away, without a base.
Result<Extents> planned_extents(const std::string& user);

// The extents of a namespace that was kept (the fd store). Forks.
Result<Extents> base_userns_extents(int userns_fd);

// Moves the calling process, which must have one thread, into the base namespace: it is root
// there, with every capability over it. Its supplementary groups stay: the child opens the sources
// of bind mounts with them, for a folder that the user reaches only by a group, before it gives
// them up.
Result<void> enter_base_userns(int userns_fd);

// Where root has no line in /etc/subuid: the last block of the range that systemd sets aside for
// containers (UIDS-GIDS.md), so that no account of the host has these ids.
constexpr std::uint32_t kRootFirstId = 0x6FFF0000;
constexpr std::uint32_t kRootIdCount = 65535;

}  // namespace ambit::sandbox
