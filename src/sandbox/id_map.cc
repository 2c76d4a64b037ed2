#include "sandbox/id_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "base/strings.h"
#include "os/file.h"
#include "os/procfs.h"
#include "sandbox/map_helper.h"
#include "sandbox/userns.h"

namespace ambit::sandbox {
namespace {

using os::IdExtent;

// The pieces of one wanted mapping, one for each extent that it touches.
Result<void> append_split(const spec::IdMapping& wanted, const std::vector<IdExtent>& held,
                          std::vector<IdExtent>& out) {
  // The last number is (uid_t)-1, nobody's id.
  if (wanted.size > UINT32_MAX - wanted.container_id)
    return Error(ErrorCode::InvalidArgument,
                 strf("id mapping %u:%u:%u: it goes beyond the last id, 4294967294",
                      wanted.container_id, wanted.host_id, wanted.size));
  std::uint64_t done = 0;
  while (done < wanted.size) {
    const std::uint64_t host = std::uint64_t{wanted.host_id} + done;
    const auto found = std::find_if(held.begin(), held.end(), [&](const IdExtent& extent) {
      return host >= extent.inside && host - extent.inside < extent.count;
    });
    if (found == held.end())
      return Error(ErrorCode::InvalidArgument,
                   strf("id mapping %u:%u:%u: the id %llu is not one of ours", wanted.container_id,
                        wanted.host_id, wanted.size, static_cast<unsigned long long>(host)));
    const std::uint64_t left_in_extent = found->count - (host - found->inside);
    const std::uint64_t count = std::min<std::uint64_t>(wanted.size - done, left_in_extent);
    out.push_back({.inside = static_cast<std::uint32_t>(wanted.container_id + done),
                   .outside = static_cast<std::uint32_t>(host),
                   .count = static_cast<std::uint32_t>(count)});
    done += count;
  }
  return {};
}

}  // namespace

bool is_mapped(const std::vector<IdExtent>& extents, id_t inside) {
  return std::any_of(extents.begin(), extents.end(), [&](const IdExtent& extent) {
    return inside >= extent.inside && inside - extent.inside < extent.count;
  });
}

Result<std::vector<IdExtent>> split_mappings(const std::vector<spec::IdMapping>& wanted,
                                             const std::vector<IdExtent>& held) {
  std::vector<IdExtent> extents;
  if (wanted.empty())
    for (const IdExtent& extent : held)
      extents.push_back({.inside = extent.inside, .outside = extent.inside, .count = extent.count});
  for (const spec::IdMapping& mapping : wanted) AMBIT_TRY(append_split(mapping, held, extents));
  return extents;
}

namespace {

Result<IdMaps> maps_of(const JoinedNamespace& joined) {
  UsernsMaps found =
      AMBIT_TRY(read_userns_maps(joined.fd.get()).context("user namespace " + joined.path));
  return IdMaps{.uids = std::move(found.uids),
                .gids = std::move(found.gids),
                .setgroups_allowed = found.setgroups_allowed};
}

bool is_one_id(const std::vector<IdExtent>& extents) {
  return extents.size() == 1 && extents.front().count == 1;
}

// Without privileges a map names the user himself and nobody else (user_namespaces(7)).
bool is_self_alone(const IdMaps& maps) {
  return is_one_id(maps.uids) && maps.uids.front().outside == ::geteuid() && is_one_id(maps.gids) &&
         maps.gids.front().outside == ::getegid();
}

Result<void> write_directly(int child_fd, const IdMaps& maps) {
  AMBIT_TRY(os::write_id_map(child_fd, os::IdKind::User, maps.uids));
  return os::write_id_map(child_fd, os::IdKind::Group, maps.gids);
}

}  // namespace

Result<IdMaps> plan_id_maps(const spec::RuntimeSpec& spec, const NamespacePlan& namespaces) {
  if (const JoinedNamespace* joined = namespaces.find(spec::NamespaceType::User); joined != nullptr)
    return maps_of(*joined);
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  UniqueFd self = AMBIT_TRY(os::open_in_procfs(procfs.get(), "self", O_PATH | O_DIRECTORY));
  const auto uids = AMBIT_TRY(os::read_id_map(self.get(), os::IdKind::User));
  const auto gids = AMBIT_TRY(os::read_id_map(self.get(), os::IdKind::Group));
  const std::string setgroups = AMBIT_TRY(os::read_file_at(self.get(), "setgroups", 16));
  IdMaps maps = {.uids = uids, .gids = gids, .setgroups_allowed = trim(setgroups) == "allow"};
  if (!has_namespace(spec, spec::NamespaceType::User)) return maps;
  maps.uids = AMBIT_TRY(split_mappings(spec.uid_mappings, uids).context("uid"));
  maps.gids = AMBIT_TRY(split_mappings(spec.gid_mappings, gids).context("gid"));
  if (::geteuid() != 0 && is_self_alone(maps)) maps.setgroups_allowed = false;
  return maps;
}

Result<void> write_id_maps(int procfs_fd, pid_t pid, const IdMaps& maps) {
  UniqueFd child = AMBIT_TRY(
      os::open_in_procfs(procfs_fd, strf("%d", static_cast<int>(pid)), O_PATH | O_DIRECTORY));
  if (::geteuid() == 0) return write_directly(child.get(), maps);
  if (is_self_alone(maps)) {
    AMBIT_TRY(os::write_value_at(child.get(), "setgroups", "deny"));
    return write_directly(child.get(), maps);
  }
  AMBIT_TRY(run_map_helper("newuidmap", pid, maps.uids));
  return run_map_helper("newgidmap", pid, maps.gids);
}

}  // namespace ambit::sandbox
