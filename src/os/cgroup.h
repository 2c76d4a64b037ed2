#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

// cgroup v2. A "path" is as the kernel and systemd write it: absolute below the mount, e.g.
// "/user.slice/user-1000.slice/user@1000.service/ambit.slice/ambit-web.scope".
namespace ambit::os {

// The calling user's view of a process's cgroup, from /proc/PID/cgroup ("0::").
Result<std::string> cgroup_of(pid_t pid);

// O_PATH folder of a cgroup. Unsupported where /sys/fs/cgroup is not cgroup v2.
Result<UniqueFd> open_cgroup(const std::string& path);

// Makes a child cgroup; one that exists is fine.
Result<UniqueFd> make_child_cgroup(int cgroup_fd, const std::string& name);

Result<void> move_to_cgroup(int cgroup_fd, pid_t pid);

// All processes in the cgroup at `path` and below, in no order. Empty where it is gone.
Result<std::vector<pid_t>> processes_below(const std::string& path);

// Whether any process lives in it or below (cgroup.events). False too where it is gone.
Result<bool> is_populated(int cgroup_fd);

// Whether everything in it and below is frozen (cgroup.events). False too where it is gone.
Result<bool> is_frozen(int cgroup_fd);

// SIGKILL to everything in it and below, at once (cgroup.kill, Linux 5.14). A cgroup that is gone
// is success.
Result<void> kill_cgroup(int cgroup_fd);

// How often the kernel's OOM killer took a process from it or below (memory.events oom_kill);
// 0 where the memory controller is off.
Result<long long> oom_kills(int cgroup_fd);

}  // namespace ambit::os
