#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::os {

// setns(2). `fd` is a namespace, or a pidfd (Linux 5.8): then `flags` names all namespaces of the
// process to join, at once. `what` names it in errors.
Result<void> join_namespaces(int fd, int flags, const std::string& what);

// unshare(2).
Result<void> unshare(int flags, const std::string& what);

// A line of /proc/PID/uid_map: `count` ids from `inside`, which are `outside` and up in the
// namespace of whoever reads.
struct IdExtent {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
};

enum class IdKind { User, Group };

// The map of the process's user namespace, as `proc_dir_fd` (/proc/PID of a verified procfs, see
// procfs.h) shows it.
Result<std::vector<IdExtent>> read_id_map(int proc_dir_fd, IdKind kind);

// Writes it, in the one write(2) that the kernel allows. Errors name the map's text.
Result<void> write_id_map(int proc_dir_fd, IdKind kind, const std::vector<IdExtent>& extents);

// Corrupt names the line.
Result<IdExtent> parse_id_extent(const std::string& line);

// "0 1000 1\n1 100000 65535\n".
std::string format_id_map(const std::vector<IdExtent>& extents);

}  // namespace ambit::os
