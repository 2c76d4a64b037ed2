#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/cgroup.h"
#include "spec/limit_lines.h"

// The folders and files of cgroup v2. A `root_fd` is the top of the hierarchy
// (os::open_cgroup("/"), in tests any folder) and a path is absolute below it.
namespace ambit::oci {

// Makes the cgroup with those above it; what exists is fine. InvalidArgument for a path with "..".
Result<UniqueFd> make_cgroup_path(int root_fd, const std::string& path);

// Whether the top of the hierarchy has the controller: cgroup v1 may own it.
bool has_controller_at_all(const std::string& name);

// Has the controllers of `lines` in the cgroup at `path`, enabling each along the way where it is
// not. HostUnsupported where one is not to be had: it names the cgroup that lacks it and what to do
// about it (`authority` decides for whom).
//
// Filesystem: those that statistics need (cpu, io, memory, pids) are enabled too; that they can't
// is no error. Systemd: only those that systemd has no business with (hugetlb, rdma, misc); the
// others are there where they are delegated, and are systemd's to enable.
Result<void> enable_controllers(int root_fd, const Cgroup& cgroup,
                                const std::vector<spec::LimitLine>& lines, Authority authority);

// Writes each line unless it is in force already, and reads it back. A line that limits nothing is
// in force where there is no such file. HostUnsupported where a file is missing, or where the
// kernel says something else afterwards; writing errors are the kernel's. `path` is for messages.
Result<void> apply_limits(int cgroup_fd, const std::string& path,
                          const std::vector<spec::LimitLine>& lines);

// From the files; the defaults where there are none.
spec::CurrentLimits read_current_limits(int cgroup_fd);

// memory.current; 0 where the memory controller is off.
Result<std::uint64_t> memory_in_use(int cgroup_fd);

// Removes everything below the cgroup, deepest first: it holds no processes any more, or only ones
// that are about to end, which is waited for (Timeout after 10 s each).
Result<void> remove_cgroups_below(const std::string& path);

}  // namespace ambit::oci
