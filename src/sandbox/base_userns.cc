#include "sandbox/base_userns.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/strings.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/namespace.h"
#include "os/process.h"
#include "os/procfs.h"
#include "sandbox/map_helper.h"
#include "sandbox/subordinate_ids.h"
#include "sandbox/userns.h"
#include "sandbox/userns_host.h"

namespace ambit::sandbox {
namespace {

using os::IdExtent;
using os::IdKind;

constexpr std::size_t kMaxIdFileBytes = 1 << 20;

struct Plan {
  std::vector<IdExtent> uids;
  std::vector<IdExtent> gids;
  std::string note;
};

// Root's own default, where nobody gave it a range.
std::vector<IdRange> ranges_of(const char* file, const std::string& user, uid_t uid) {
  const auto text = os::read_file_at(AT_FDCWD, file, kMaxIdFileBytes);
  std::vector<IdRange> ranges;
  if (text) ranges = parse_subordinate_ids(*text, user, uid);
  if (ranges.empty() && uid == 0) ranges.push_back({.first = kRootFirstId, .count = kRootIdCount});
  return ranges;
}

std::string missing_ranges_note(const char* file, const std::string& user,
                                const std::vector<IdRange>& given) {
  if (!given.empty())
    return strf(
        "the subordinate ids of %s in %s (%s) are not in the user namespace that this "
        "runs in: containers have the single id 0. Give it more ids, or run outside of it",
        user.c_str(), file, describe(given).c_str());
  return strf(
      "%s has no subordinate ids in %s: containers have the single id 0. As root: "
      "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
      user.c_str(), file, user.c_str());
}

Result<Plan> plan_maps(int proc_self_fd, const std::string& user) {
  const auto held_uids = AMBIT_TRY(os::read_id_map(proc_self_fd, IdKind::User));
  const auto held_gids = AMBIT_TRY(os::read_id_map(proc_self_fd, IdKind::Group));
  const auto given_uids = ranges_of("/etc/subuid", user, ::geteuid());
  const auto given_gids = ranges_of("/etc/subgid", user, ::geteuid());
  auto uids = held_ranges(given_uids, held_uids);
  auto gids = held_ranges(given_gids, held_gids);
  Plan plan;
  // One without the other would give files owners but no groups.
  if (uids.empty() || gids.empty()) {
    plan.note = uids.empty() ? missing_ranges_note("/etc/subuid", user, given_uids)
                             : missing_ranges_note("/etc/subgid", user, given_gids);
    uids.clear();
    gids.clear();
  }
  plan.uids = base_extents(::geteuid(), uids);
  plan.gids = base_extents(::getegid(), gids);
  return plan;
}

Result<void> write_map_directly(int proc_fd, const Plan& plan) {
  AMBIT_TRY(os::write_id_map(proc_fd, IdKind::User, plan.uids));
  return os::write_id_map(proc_fd, IdKind::Group, plan.gids);
}

// Without privileges a map may only name the user himself, and a group map only with setgroups
// denied (user_namespaces(7)).
Result<void> write_single_id(int proc_fd, const Plan& plan) {
  AMBIT_TRY(os::write_value_at(proc_fd, "setgroups", "deny"));
  return write_map_directly(proc_fd, plan);
}

Result<void> write_maps(int proc_fd, pid_t pid, const Plan& plan) {
  if (::geteuid() == 0) return write_map_directly(proc_fd, plan);
  if (plan.uids.size() == 1) return write_single_id(proc_fd, plan);
  AMBIT_TRY(run_map_helper("newuidmap", pid, plan.uids));
  return run_map_helper("newgidmap", pid, plan.gids);
}

std::vector<spec::IdMapping> mappings(const std::vector<IdExtent>& extents) {
  std::vector<spec::IdMapping> result;
  for (const IdExtent& extent : extents)
    result.push_back(
        {.container_id = extent.inside, .host_id = extent.outside, .size = extent.count});
  return result;
}

}  // namespace

Result<BaseNamespace> make_base_userns(const std::string& user) {
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  UniqueFd self = AMBIT_TRY(os::open_in_procfs(procfs.get(), "self", O_PATH | O_DIRECTORY));
  Plan plan = AMBIT_TRY(plan_maps(self.get(), user));
  auto holder = UsernsHolder::create();
  if (!holder) return explain_userns_failure(std::move(holder).error().context("base namespace"));
  UniqueFd proc = AMBIT_TRY(
      os::open_in_procfs(procfs.get(), std::to_string(holder->pid()), O_PATH | O_DIRECTORY));
  if (auto written = write_maps(proc.get(), holder->pid(), plan); !written)
    return explain_userns_failure(std::move(written).error().context("base namespace"));

  BaseNamespace base;
  base.userns = AMBIT_TRY(os::open_at(proc.get(), "ns/user", O_RDONLY));
  base.extents.uids = mappings(plan.uids);
  base.extents.gids = mappings(plan.gids);
  base.note = std::move(plan.note);
  return base;
}

Result<Extents> planned_extents(const std::string& user) {
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  const UniqueFd self = AMBIT_TRY(os::open_in_procfs(procfs.get(), "self", O_PATH | O_DIRECTORY));
  const Plan plan = AMBIT_TRY(plan_maps(self.get(), user));
  return Extents{.uids = mappings(plan.uids), .gids = mappings(plan.gids)};
}

Result<Extents> base_userns_extents(int userns_fd) {
  const UsernsMaps maps = AMBIT_TRY(read_userns_maps(userns_fd));
  return Extents{.uids = mappings(maps.uids), .gids = mappings(maps.gids)};
}

}  // namespace ambit::sandbox
