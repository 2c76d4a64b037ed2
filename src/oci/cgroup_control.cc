#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "oci/cgroup.h"
#include "oci/cgroup_devices.h"
#include "oci/cgroup_files.h"
#include "oci/cgroup_scope.h"
#include "os/cgroup.h"
#include "spec/limit_lines.h"

// A container's cgroup while it lives, and its end.
namespace ambit::oci {
namespace {

constexpr std::chrono::seconds kFreezeTimeout{10};
constexpr std::chrono::seconds kEndTimeout{10};

Error no_cgroup() {
  return Error(ErrorCode::Unsupported,
               "the container has no cgroup of its own: start it with --systemd-cgroup, or where "
               "the caller's cgroup is writable");
}

Result<UniqueFd> open(const Cgroup& cgroup) {
  if (cgroup.path.empty()) return no_cgroup();
  return os::open_cgroup(cgroup.path).context("cgroup " + cgroup.path);
}

bool is_gone(const Error& error) {
  return error.sys_errno() == ENOENT || error.sys_errno() == ENODEV;
}

Result<void> signal_all(const Cgroup& cgroup, int signal) {
  const std::vector<pid_t> pids = AMBIT_TRY(os::processes_below(cgroup.path));
  for (const pid_t pid : pids)
    if (::kill(pid, signal) < 0 && errno != ESRCH)
      return Error::from_errno(errno, strf("signal %d to process %d", signal, int{pid}));
  return {};
}

// Nothing in it lives any more, and no cgroup is left below it.
Result<void> empty_out(const std::string& path) {
  auto fd = os::open_cgroup(path);
  if (!fd && is_gone(fd.error())) return {};
  if (!fd) return fd.error();
  if (AMBIT_TRY(os::is_populated(fd->get()))) {
    AMBIT_TRY(os::kill_cgroup(fd->get()));
    AMBIT_TRY(os::wait_unpopulated(fd->get(), kEndTimeout));
  }
  return remove_cgroups_below(path);
}

Result<void> check_usage(int cgroup_fd, const spec::Resources& resources) {
  if (!resources.memory || !resources.memory->check_before_update.value_or(false)) return {};
  const std::int64_t limit = resources.memory->limit_bytes.value_or(-1);
  if (limit <= 0) return {};
  const std::uint64_t used = AMBIT_TRY(memory_in_use(cgroup_fd));
  if (used <= static_cast<std::uint64_t>(limit)) return {};
  return Error(ErrorCode::InvalidArgument,
               strf("memory.limit %lld is less than the %llu bytes in use",
                    static_cast<long long>(limit), static_cast<unsigned long long>(used)));
}

}  // namespace

Result<void> join_cgroup(const Cgroup& cgroup, pid_t pid, pid_t init) {
  if (cgroup.path.empty()) return {};
  const UniqueFd fd = AMBIT_TRY(open(cgroup));
  Result<void> moved = os::move_to_cgroup(fd.get(), pid);
  // It hands on controllers, so only its leaves may hold processes.
  if (!moved && moved.error().sys_errno() == EBUSY) {
    const std::string home = AMBIT_TRY(os::cgroup_of(init));
    const UniqueFd leaf = AMBIT_TRY(os::open_cgroup(home));
    moved = os::move_to_cgroup(leaf.get(), pid);
  }
  if (!moved && moved.error().code() == ErrorCode::PermissionDenied &&
      cgroup.manager == CgroupManager::Systemd)
    moved = attach_to_scope(cgroup.scope, own_authority(), pid);
  return std::move(moved).context("joining cgroup " + cgroup.path);
}

Result<void> update_limits(const Cgroup& cgroup, const spec::Resources& resources,
                           Authority authority) {
  if (cgroup.path.empty()) {
    if (AMBIT_TRY(spec::limit_lines(resources)).empty()) return {};
    return no_cgroup();
  }
  const UniqueFd fd = AMBIT_TRY(open(cgroup));
  const auto lines = AMBIT_TRY(spec::limit_lines(resources, read_current_limits(fd.get())));
  AMBIT_TRY(check_usage(fd.get(), resources));
  if (cgroup.manager == CgroupManager::Systemd) {
    dbus::Properties properties;
    AMBIT_TRY(add_limit_properties(lines, properties));
    if (!properties.empty()) AMBIT_TRY(set_scope_properties(cgroup.scope, authority, properties));
  }
  const UniqueFd root = AMBIT_TRY(os::open_cgroup("/"));
  AMBIT_TRY(enable_controllers(root.get(), cgroup, lines, authority));
  AMBIT_TRY(apply_limits(fd.get(), cgroup.path, lines));
  if (resources.devices.empty() || authority != Authority::System) return {};
  return set_device_rules(fd.get(), resources.devices);
}

Result<void> freeze(const Cgroup& cgroup) {
  const UniqueFd fd = AMBIT_TRY(open(cgroup));
  Result<void> frozen = os::set_freezer(fd.get(), os::FreezerState::Frozen, kFreezeTimeout);
  if (frozen) return {};
  (void)os::set_freezer(fd.get(), os::FreezerState::Thawed, std::chrono::milliseconds(0));
  return std::move(frozen).context("freezing " + cgroup.path);
}

Result<void> thaw(const Cgroup& cgroup) {
  const UniqueFd fd = AMBIT_TRY(open(cgroup));
  return os::set_freezer(fd.get(), os::FreezerState::Thawed, kFreezeTimeout)
      .context("thawing " + cgroup.path);
}

Result<bool> is_frozen(const Cgroup& cgroup) {
  auto fd = open(cgroup);
  if (!fd && is_gone(fd.error())) return false;
  if (!fd) return fd.error();
  return os::is_frozen(fd->get());
}

Result<std::vector<pid_t>> processes(const Cgroup& cgroup) {
  if (cgroup.path.empty()) return no_cgroup();
  return os::processes_below(cgroup.path);
}

Result<void> kill_all(const Cgroup& cgroup, int signal) {
  auto fd = open(cgroup);
  if (!fd && is_gone(fd.error())) return {};
  if (!fd) return fd.error();
  if (signal == SIGKILL) return os::kill_cgroup(fd->get());
  if (AMBIT_TRY(os::is_frozen(fd->get()))) return signal_all(cgroup, signal);
  // One that does not freeze (in the middle of a long system call) gets its signal all the same.
  (void)os::set_freezer(fd->get(), os::FreezerState::Frozen, std::chrono::milliseconds(500));
  Result<void> sent = signal_all(cgroup, signal);
  AMBIT_TRY(os::set_freezer(fd->get(), os::FreezerState::Thawed, kFreezeTimeout)
                .context("thawing " + cgroup.path));
  return sent;
}

Result<void> destroy_cgroup(const Cgroup& cgroup, Authority authority) {
  if (cgroup.path.empty()) return {};
  const auto there = open(cgroup);
  if (!there && is_gone(there.error())) return {};
  if (!there) return there.error();
  AMBIT_TRY(empty_out(cgroup.path).context("ending what is in cgroup " + cgroup.path));
  if (cgroup.manager == CgroupManager::Systemd) AMBIT_TRY(stop_scope(cgroup.scope, authority));
  return os::remove_cgroup(cgroup.path);
}

Result<void> destroy_planned_cgroup(const Cgroup& cgroup, Authority authority) {
  if (!cgroup.path.empty() || cgroup.scope.empty()) return destroy_cgroup(cgroup, authority);
  return stop_empty_scope(cgroup.scope, authority);
}

}  // namespace ambit::oci
