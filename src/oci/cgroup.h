#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "spec/resources.h"

// The control group of one OCI container: cgroup v2 only, in two ways that look alike from outside.
//
//   Systemd     a transient scope with Delegate=yes; the limits are properties of the scope, and
//               what has no property is written into the scope's files
//   Filesystem  a folder below /sys/fs/cgroup with the limits in its files
//
// Both end with the kernel's files read back: a limit that is not in force is an error that names
// file, controller and fix. Which resources are refused: spec/limit_lines.h. Device rules become a
// BPF program on the cgroup for root in the initial user namespace; elsewhere they are skipped,
// since no device can be made there that was not handed in: cgroup_devices.h.
namespace ambit::oci {

// Numbers are in state files: do not change.
enum class CgroupManager { Filesystem = 0, Systemd = 1 };  // --systemd-cgroup

// Whose systemd, and whether device rules can be enforced.
enum class Authority { System, User };

// System for root in the initial user namespace, User for everybody else (root of podman's user
// namespace included). By looking at the process, not at options.
Authority own_authority();

// What a container asks for. The pointers are borrowed until CgroupStart::finish().
struct CgroupRequest {
  std::string container_id;
  // linux.cgroupsPath. Systemd: "slice:prefix:name" is the unit prefix-name.scope in that slice; an
  // empty slice is user.slice or system.slice, "" altogether is oci-ID.scope. Filesystem: absolute
  // is below the mount; relative is below the caller's own cgroup (its parent where limits are
  // asked for: a cgroup with processes can't hand controllers on), and "" is ID there.
  std::string cgroups_path;
  CgroupManager manager = CgroupManager::Filesystem;
  Authority authority = own_authority();
  const spec::Resources* resources = nullptr;                       // null: none
  const std::map<std::string, std::string>* annotations = nullptr;  // org.systemd.property.NAME
};

// What a state file keeps.
struct Cgroup {
  // As the kernel writes it, absolute below the mount; "": the container lives in its caller's
  // cgroup, and there is nothing to freeze, to measure or to remove.
  std::string path;
  std::string scope;  // the unit; "" with Filesystem
  CgroupManager manager = CgroupManager::Filesystem;
};

// One start, in three steps, so that nothing waits that could go on meanwhile:
//
//   auto start = CgroupStart::prepare(request);  // before the child is made: checks the request;
//                                                // Filesystem: the whole cgroup with its limits
//   clone_process({.cgroup_fd = start->clone_fd()})
//   start->attach(pid);                          // Systemd: sends the call and does not wait
//   ... the child mounts ...
//   Cgroup cgroup = start->finish();             // waits; the limits are in force
//
// The child must enter its cgroup namespace (unshare(CLONE_NEWCGROUP)) and must change its ids only
// after finish(): a namespace's root is the cgroup at that moment, and a user's manager moves only
// processes of its user. A start that is destroyed before finish() succeeded removes what it made.
class CgroupStart {
 public:
  // InvalidArgument: cgroups_path, an annotation or a resource is wrong. Unsupported: a resource
  // that cgroup v2 has not. HostUnsupported: a controller is missing. Busy: the cgroup holds
  // processes. PermissionDenied: limits or a path are asked for and the cgroup is not ours to make;
  // with neither the container is left in the caller's cgroup instead (Authority::User).
  static Result<CgroupStart> prepare(const CgroupRequest& request);
  CgroupStart(CgroupStart&&) noexcept;
  CgroupStart& operator=(CgroupStart&&) noexcept;
  ~CgroupStart();

  // Where to clone the child into (CloneOptions::cgroup_fd), which spares a move of 5 ms or more;
  // -1 where it has to be attached instead. attach() is needed either way.
  int clone_fd() const;

  // What finish() will return, as far as it is known: to be kept before attach(), so that
  // destroy_planned_cgroup() finds it whatever becomes of us.
  const Cgroup& planned() const;

  // `pid`: a child of ours that is not reaped yet.
  Result<void> attach(pid_t pid);

  // Errors of attach(), those of start_scope(), and HostUnsupported where a limit is not in force.
  Result<Cgroup> finish();

  // One line; "" where there is nothing to warn of. pids.max is what engines give to every
  // container, asked or not: where the whole host has no controller for it, that is a warning.
  const std::string& warning() const;

 private:
  struct State;
  explicit CgroupStart(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Puts one more process of ours (exec) into the container's cgroup; where that hands its
// controllers to cgroups below, into the one that `init` lives in. Where the kernel refuses the
// move (from a login session, say) the unit's manager is asked to make it. Success with path "".
Result<void> join_cgroup(const Cgroup& cgroup, pid_t pid, pid_t init);

// What is set in `resources` changes, the rest stays. checkBeforeUpdate is heeded. Unsupported
// where the container has no cgroup of its own and a limit is asked for.
Result<void> update_limits(const Cgroup& cgroup, const spec::Resources& resources,
                           Authority authority = own_authority());

// Everything in the cgroup and below; return when the kernel says that it is so (cgroup.events).
// By cgroup.freeze with both managers: no bus is needed, and a unit frozen by its manager could not
// be stopped from systemd 256 on. Timeout after 10 s, and what was frozen is thawed again.
// Unsupported with path "", for these and those below, but for destroy_cgroup.
Result<void> freeze(const Cgroup& cgroup);
Result<void> thaw(const Cgroup& cgroup);
Result<bool> is_frozen(const Cgroup& cgroup);  // false where the cgroup is gone

// In no order; empty where the cgroup is gone.
Result<std::vector<pid_t>> processes(const Cgroup& cgroup);

// The signal to every process. SIGKILL through cgroup.kill, which no fork escapes, and which
// reaches frozen ones; another signal while they are frozen, so that none escapes or is another's
// reused PID; whoever was frozen before stays so.
Result<void> kill_all(const Cgroup& cgroup, int signal);

// Kills what is left, stops the scope and removes the cgroup with those below. What is gone already
// is success, and then the bus is not used at all. Waits for the end of killed processes, 10 s at
// most (Timeout). Success with path "".
Result<void> destroy_cgroup(const Cgroup& cgroup, Authority authority = own_authority());

// The same for a start that was killed, whose process is gone. Where it only knew the scope's name,
// the scope is stopped if nothing lives in it: another's may have that name.
Result<void> destroy_planned_cgroup(const Cgroup& cgroup, Authority authority = own_authority());

}  // namespace ambit::oci
