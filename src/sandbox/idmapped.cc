#include "sandbox/idmapped.h"

#include <fcntl.h>

#include <cerrno>

#include "os/mount.h"
#include "sandbox/userns.h"

namespace ambit::sandbox {
namespace {

std::vector<os::IdExtent> extents(const std::vector<spec::IdMapping>& mappings) {
  std::vector<os::IdExtent> result;
  for (const spec::IdMapping& mapping : mappings)
    result.push_back(
        {.inside = mapping.container_id, .outside = mapping.host_id, .count = mapping.size});
  return result;
}

Error explain(Error error) {
  if (error.sys_errno() == EINVAL)
    return std::move(error)
        .context("its file system can't show owners through a map")
        .with_code(ErrorCode::Unsupported);
  if (error.sys_errno() == EPERM)
    return std::move(error)
        .context("an ID-mapped mount of a file system of the host is root's to make")
        .with_code(ErrorCode::PermissionDenied);
  return error;
}

Result<UniqueFd> open_one(const MountPlan& plan, const IdMaps& container) {
  const bool is_own = !plan.uid_mappings.empty();
  const UniqueFd userns =
      AMBIT_TRY(make_userns(is_own ? extents(plan.uid_mappings) : container.uids,
                            is_own ? extents(plan.gid_mappings) : container.gids)
                    .context("map of ids"));
  auto tree = os::clone_tree(AT_FDCWD, plan.source, plan.depth);
  if (!tree) return explain(std::move(tree).error());
  auto mapped = os::change_mount((*tree).get(), {.userns_fd = userns.get(), .depth = *plan.idmap});
  if (!mapped) return explain(std::move(mapped).error());
  return tree;
}

}  // namespace

Result<std::vector<UniqueFd>> open_idmapped(const std::vector<MountPlan>& plans,
                                            const IdMaps& container) {
  std::vector<UniqueFd> trees(plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (plans[i].idmap)
      trees[i] = AMBIT_TRY(open_one(plans[i], container).context("mount " + plans[i].destination));
  return trees;
}

}  // namespace ambit::sandbox
