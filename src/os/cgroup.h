#pragma once

#include <sys/types.h>

#include <chrono>
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

// The names in cgroup.controllers: what can be enabled for the cgroups below.
Result<std::vector<std::string>> controllers(int cgroup_fd);

// Makes a child cgroup; one that exists is fine.
Result<UniqueFd> make_child_cgroup(int cgroup_fd, const std::string& name);

Result<void> move_to_cgroup(int cgroup_fd, pid_t pid);

// All processes in the cgroup at `path` and below, in no order. Empty where it is gone.
Result<std::vector<pid_t>> processes_below(const std::string& path);

// Whether any process lives in it or below (cgroup.events). False too where it is gone.
Result<bool> is_populated(int cgroup_fd);

// The same of the cgroup at `path`. False too for "" and where it can't be read: it is gone.
bool is_populated_at(const std::string& path);

// Whether everything in it and below is frozen (cgroup.events). False too where it is gone.
Result<bool> is_frozen(int cgroup_fd);

// What cgroup.events says. It is polled for EPOLLPRI; reading it, which starts at its beginning,
// arms the next one. Both are false once the cgroup is gone.
struct CgroupEvents {
  bool populated = false;
  bool frozen = false;
  bool gone = false;  // no event comes any more; a poll would return at once for ever
};
Result<UniqueFd> open_cgroup_events(const std::string& path);
Result<CgroupEvents> read_cgroup_events(int events_fd);

// The nearest cgroup above `path` that somebody has frozen, which freezes everything below it; ""
// where there is none. The user's manager (user@UID.service) is the last that is looked at: what
// freezes that freezes us. What its name ends with is the unit to thaw.
std::string frozen_above(const std::string& path);

// SIGKILL to everything in it and below, at once (cgroup.kill, Linux 5.14). A cgroup that is gone
// is success.
Result<void> kill_cgroup(int cgroup_fd);

// The cgroups below the one at `path`, the deepest first: the order in which they can be removed.
// Empty where it is gone.
Result<std::vector<std::string>> cgroups_below(const std::string& path);

// Waits until nothing lives in it or below. Timeout where something does at the end; a cgroup that
// is gone is success.
Result<void> wait_unpopulated(int cgroup_fd, std::chrono::milliseconds limit);

// Removes one cgroup that has none below, once its processes have ended: that is waited for,
// `limit` at most. Gone is success. Busy: it has cgroups below.
Result<void> remove_cgroup(const std::string& path,
                           std::chrono::milliseconds limit = std::chrono::seconds(10));

// Freezes or thaws everything in it and below (cgroup.freeze), and waits until the kernel says that
// it is done. Timeout where that takes longer than `limit`; the order stays given.
enum class FreezerState { Thawed, Frozen };
Result<void> set_freezer(int cgroup_fd, FreezerState state, std::chrono::milliseconds limit);

// How often the kernel's OOM killer took a process from a cgroup or below, as its memory.events
// says, which is polled and read as cgroup.events is. 0 too once the cgroup is gone.
long long oom_kills(int memory_events_fd);

}  // namespace ambit::os
