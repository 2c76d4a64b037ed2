#include "sandbox/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <string_view>

#include "base/strings.h"
#include "os/file.h"
#include "os/mount.h"
#include "sandbox/copy_tree.h"
#include "sandbox/mount_target.h"
#include "sandbox/overlay.h"

namespace ambit::sandbox {
namespace {

Error explain_open(const MountPlan& plan, Error error) {
  // The mounts that the user namespace got from the host are locked together (mount_namespaces(7)).
  if (error.sys_errno() == EINVAL && plan.depth == os::Depth::Single)
    return std::move(error).context(
        "it has mounts of the host below it, which may not be uncovered: use rbind");
  return error;
}

Result<UniqueFd> open_tree_of(const MountPlan& plan, const MountContext& context) {
  if (plan.kind == MountKind::Overlay) return make_overlay(plan.overlay);
  if (context.given != nullptr)
    if (const auto given = context.given->find(plan.source); given != context.given->end())
      return os::duplicate(given->second);
  auto tree = os::clone_tree(AT_FDCWD, plan.source, plan.depth);
  if (!tree) return explain_open(plan, std::move(tree).error());
  return tree;
}

// What the host has in the place of a file system that can't be mounted anew, see MountContext.
MountPlan host_tree(MountPlan plan, const char* path) {
  plan.kind = MountKind::Bind;
  plan.source = path;
  plan.depth = os::Depth::Recursive;
  plan.tree_attributes.set |= plan.attributes.set | MOUNT_ATTR_RDONLY;
  return plan;
}

Error explain_attributes(Error error) {
  if (error.sys_errno() != EPERM) return error;
  return std::move(error).context(
      "an option that the host's mount of the source forbids (rw, suid, dev or exec)");
}

Result<void> change_attributes(int mount_fd, AttributeChange change, os::Depth depth) {
  if (change.set == 0 && change.clear == 0) return {};
  auto changed =
      os::change_mount(mount_fd, {.set = change.set, .clear = change.clear, .depth = depth});
  if (!changed && changed.error().sys_errno() == EPERM && (change.clear & MOUNT_ATTR__ATIME) != 0) {
    // How access times are kept may be locked as well, and protects nobody: it stays as it is.
    change.set &= ~std::uint64_t{MOUNT_ATTR__ATIME};
    change.clear &= ~std::uint64_t{MOUNT_ATTR__ATIME};
    return change_attributes(mount_fd, change, depth);
  }
  if (!changed) return explain_attributes(std::move(changed).error());
  return {};
}

// Attributes are only added to what the source has: a flag that the host locked stays
// (mount_namespaces(7)). One that was asked to go ("exec") goes, or the mount fails.
Result<void> apply_attributes(int mount_fd, const MountPlan& plan) {
  AttributeChange own = plan.attributes;
  // "rw" is what a bind mount is asked for by default. A source that the host has read-only then
  // stays what it is.
  if (plan.kind == MountKind::Bind) own.clear &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  AMBIT_TRY(change_attributes(mount_fd, own, os::Depth::Single));
  return change_attributes(mount_fd, plan.tree_attributes, os::Depth::Recursive);
}

Result<void> apply_propagation(int mount_fd, const MountPlan& plan) {
  const std::uint64_t propagation =
      plan.propagation != 0 ? plan.propagation : std::uint64_t{MS_PRIVATE};
  return os::change_mount(mount_fd, {.propagation = propagation, .depth = plan.propagation_depth});
}

// devpts gives terminals to group 5 (tty), which a single-id map doesn't have.
bool is_unmapped_gid(const std::string& option, const MountContext& context) {
  constexpr std::string_view kKey = "gid=";
  if (option.compare(0, kKey.size(), kKey) != 0) return false;
  const auto gid = parse_uint(std::string_view(option).substr(kKey.size()));
  return gid && *gid <= UINT32_MAX && !is_mapped(context.id_maps->gids, static_cast<id_t>(*gid));
}

// A user namespace gets a proc or sysfs of its own only where the whole of one is to be seen
// already (mount_namespaces(7)): another container around us covers parts.
Error explain_filesystem(const std::string& type, Error error) {
  if (error.sys_errno() != EPERM || (type != "proc" && type != "sysfs")) return error;
  return std::move(error)
      .context("the kernel gives no new " + type +
               ", because the one of the host is partly covered, as inside another container: run "
               "that one with /proc and /sys unmasked")
      .with_code(ErrorCode::HostUnsupported);
}

bool becomes_readonly(const MountPlan& plan) {
  return plan.kind == MountKind::Filesystem && plan.type == "tmpfs" &&
         (plan.attributes.set & MOUNT_ATTR_RDONLY) != 0;
}

Result<UniqueFd> make_filesystem(const MountPlan& plan, const MountContext& context) {
  const std::string type = plan.type == "cgroup" ? "cgroup2" : plan.type;
  const os::FilesystemContext filesystem = AMBIT_TRY(os::FilesystemContext::open(type));
  if (!plan.source.empty()) AMBIT_TRY(filesystem.set("source", plan.source));
  for (const std::string& option : plan.data) {
    if (type == "devpts" && is_unmapped_gid(option, context)) continue;
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos)
      AMBIT_TRY(filesystem.set_flag(option));
    else
      AMBIT_TRY(filesystem.set(option.substr(0, equals), option.substr(equals + 1)));
  }
  if (auto created = filesystem.create(); !created)
    return explain_filesystem(type, std::move(created).error());
  std::uint64_t attributes = plan.attributes.set;
  if (becomes_readonly(plan)) attributes &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  auto mount = filesystem.mount(attributes);
  if (!mount) return explain_filesystem(type, std::move(mount).error());
  return mount;
}

Result<void> mount_one(int root_fd, OpenedMount& mount, const MountContext& context) {
  const MountPlan& plan = mount.plan;
  const bool is_new = plan.kind == MountKind::Filesystem;
  if (is_new)
    mount.tree = AMBIT_TRY(make_filesystem(plan, context));
  else
    AMBIT_TRY(apply_attributes(mount.tree.get(), plan));
  const int mount_fd = mount.tree.get();
  AMBIT_TRY(apply_propagation(mount_fd, plan));
  const TargetKind kind = AMBIT_TRY(target_kind(mount_fd));
  UniqueFd target = AMBIT_TRY(open_target(root_fd, plan, kind, is_new ? -1 : mount_fd));
  if (plan.copy_up == CopyUp::Yes) AMBIT_TRY(copy_tree(target.get(), mount_fd));
  return attach_at_target(root_fd, plan.destination, target.get(), mount_fd);
}

enum class Pass { WithoutCgroup, Cgroup };

Result<void> mount_pass(int root_fd, std::vector<OpenedMount>& mounts, const MountContext& context,
                        Pass pass) {
  for (OpenedMount& mount : mounts) {
    if (needs_cgroup(mount.plan) != (pass == Pass::Cgroup)) continue;
    AMBIT_TRY(mount_one(root_fd, mount, context).context("mount " + mount.plan.destination));
  }
  return {};
}

}  // namespace

bool needs_cgroup(const MountPlan& plan) {
  return plan.kind == MountKind::Filesystem && (plan.type == "cgroup" || plan.type == "cgroup2");
}

Result<std::vector<OpenedMount>> open_sources(const std::vector<MountPlan>& plans,
                                              const MountContext& context) {
  std::vector<OpenedMount> mounts;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const MountPlan& plan = plans[i];
    OpenedMount mount;
    mount.plan = plan;
    if (plan.kind == MountKind::Filesystem && plan.type == "sysfs" && !context.own_network)
      mount.plan = host_tree(plan, "/sys");
    if (needs_cgroup(plan) && !context.own_cgroup) mount.plan = host_tree(plan, "/sys/fs/cgroup");
    if (plan.idmap)
      mount.tree = std::move((*context.idmapped)[i]);
    else if (mount.plan.kind != MountKind::Filesystem)
      mount.tree =
          AMBIT_TRY(open_tree_of(mount.plan, context).context("mount " + plan.destination));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<void> mount_all(int root_fd, std::vector<OpenedMount>& mounts, const MountContext& context) {
  return mount_pass(root_fd, mounts, context, Pass::WithoutCgroup);
}

Result<void> mount_cgroups(int root_fd, std::vector<OpenedMount>& mounts,
                           const MountContext& context) {
  return mount_pass(root_fd, mounts, context, Pass::Cgroup);
}

Result<void> finish_mounts(const std::vector<OpenedMount>& mounts) {
  for (const OpenedMount& mount : mounts)
    if (becomes_readonly(mount.plan))
      AMBIT_TRY(os::change_mount(mount.tree.get(), {.set = MOUNT_ATTR_RDONLY})
                    .context("mount " + mount.plan.destination));
  return {};
}

}  // namespace ambit::sandbox
