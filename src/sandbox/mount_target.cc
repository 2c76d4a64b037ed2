#include "sandbox/mount_target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>

#include "os/file.h"
#include "os/mount.h"
#include "os/path.h"

namespace ambit::sandbox {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;

// Files of /proc that tell of resources; a bind mount may stand in for them (lxcfs). The list is
// the one that other runtimes have.
constexpr std::string_view kReplaceableProcFiles[] = {
    "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",  "/proc/stat",    "/proc/swaps",
    "/proc/uptime",  "/proc/loadavg",   "/proc/slabinfo", "/proc/net/dev",
};

Result<long> filesystem_magic(int fd) {
  struct statfs fs = {};
  if (::fstatfs(fd, &fs) < 0) return Error::from_errno(errno, "fstatfs");
  return static_cast<long>(fs.f_type);
}

// The same file on the same mount.
Result<bool> is_same_place(int fd, int other_fd) {
  struct stat a = {};
  struct stat b = {};
  if (::fstat(fd, &a) < 0 || ::fstat(other_fd, &b) < 0) return Error::from_errno(errno, "fstat");
  if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) return false;
  return AMBIT_TRY(os::mount_id(fd)) == AMBIT_TRY(os::mount_id(other_fd));
}

Result<bool> is_place(int root_fd, int target_fd, const char* path) {
  auto place = os::open_in_root(root_fd, path);
  if (!place && place.error().code() == ErrorCode::NotFound) return false;
  if (!place) return std::move(place).error();
  return is_same_place(target_fd, (*place).get());
}

bool is_type(const MountPlan& plan, std::string_view type) {
  return plan.kind == MountKind::Filesystem && plan.type == type;
}

Error refused(const char* why) { return Error(ErrorCode::PermissionDenied, why); }

// Whether the mount is a file system of its type, made now or bound from elsewhere: a folder of the
// image or of a volume is none.
Result<bool> is_of(const MountPlan& plan, std::string_view type, long magic, int tree_fd) {
  if (is_type(plan, type)) return true;
  return tree_fd >= 0 && AMBIT_TRY(filesystem_magic(tree_fd)) == magic;
}

// A folder on the root file system that is about to become /proc, /sys or /dev.
Result<void> check_place(int root_fd, const MountPlan& plan, int target_fd, int tree_fd) {
  if (AMBIT_TRY(is_place(root_fd, target_fd, "/")))
    return refused("nothing can be mounted over the container's root");
  const bool is_proc = AMBIT_TRY(is_of(plan, "proc", PROC_SUPER_MAGIC, tree_fd));
  if (!is_proc && AMBIT_TRY(is_place(root_fd, target_fd, "/proc")))
    return refused("only a file system of type proc can be mounted on /proc");
  // devtmpfs has the same number.
  const bool is_tmpfs = AMBIT_TRY(is_of(plan, "tmpfs", TMPFS_MAGIC, tree_fd));
  if (!is_tmpfs && AMBIT_TRY(is_place(root_fd, target_fd, "/dev")))
    return refused("only a tmpfs can be mounted on /dev");
  const bool is_sysfs = AMBIT_TRY(is_of(plan, "sysfs", SYSFS_MAGIC, tree_fd));
  if (!is_sysfs && AMBIT_TRY(is_place(root_fd, target_fd, "/sys")))
    return refused("only a file system of type sysfs can be mounted on /sys");
  return {};
}

// A place inside a /proc or /sys that is mounted already, whatever path led to it.
Result<void> check_filesystem(const MountPlan& plan, int target_fd, int tree_fd) {
  const long magic = AMBIT_TRY(filesystem_magic(target_fd));
  if (magic == PROC_SUPER_MAGIC) {
    const bool replaceable =
        plan.kind == MountKind::Bind &&
        std::find(std::begin(kReplaceableProcFiles), std::end(kReplaceableProcFiles),
                  plan.destination) != std::end(kReplaceableProcFiles);
    if (!replaceable && !is_type(plan, "proc"))
      return refused("nothing can be mounted in the container's /proc");
  }
  if (magic == SYSFS_MAGIC || magic == CGROUP2_SUPER_MAGIC || magic == CGROUP_SUPER_MAGIC) {
    const bool is_cgroup =
        is_type(plan, "cgroup") || AMBIT_TRY(is_of(plan, "cgroup2", CGROUP2_SUPER_MAGIC, tree_fd));
    if (!is_cgroup && !AMBIT_TRY(is_of(plan, "sysfs", SYSFS_MAGIC, tree_fd)))
      return refused("nothing can be mounted in the container's /sys");
  }
  return {};
}

// Where a link at the end of the path leads that leads to nothing yet: there the target is made, as
// a shell would. Every step is looked up inside the root.
Result<std::string> follow_links(int root_fd, std::string path) {
  constexpr int kMaxLinks = 40;
  for (int i = 0; i < kMaxLinks; ++i) {
    auto last = os::open_in_root(root_fd, path, {.flags = O_PATH | O_NOFOLLOW});
    if (!last) return path;
    auto target = os::read_link_at((*last).get(), "");
    if (!target) return path;
    if ((*target).empty()) return Error(ErrorCode::Io, "an empty link");
    path = (*target).front() == '/' ? *target : path.substr(0, path.rfind('/') + 1) + *target;
  }
  return Error::from_errno(ELOOP, "following links");
}

Result<UniqueFd> make_file(int root_fd, const std::string& path) {
  const std::size_t slash = path.find_last_not_of('/');
  const std::string trimmed = path.substr(0, slash + 1);
  const std::size_t parent_end = trimmed.rfind('/');
  if (parent_end == std::string::npos || trimmed.empty())
    return Error(ErrorCode::InvalidArgument, "a file can't be mounted on " + path);
  const UniqueFd parent =
      AMBIT_TRY(os::make_dirs_in_root(root_fd, trimmed.substr(0, parent_end + 1), kFolderMode));
  const UniqueFd file = AMBIT_TRY(os::open_in_root(
      root_fd, trimmed, {.flags = O_CREAT | O_RDONLY | O_NOCTTY | O_NONBLOCK, .mode = kFileMode}));
  return os::open_in_root(root_fd, trimmed);
}

// What masks and read-only paths name must lie where they look for it, whatever else is mounted.
Result<void> refuse_links(int root_fd, const MountPlan& plan) {
  const auto plain = os::open_in_root(root_fd, plan.destination, {.resolve = RESOLVE_NO_SYMLINKS});
  if (plain || plain.error().sys_errno() != ELOOP) return plain ? Result<void>() : plain.error();
  return refused("it must be mounted on ordinary directory, and a link is there");
}

}  // namespace

Result<TargetKind> target_kind(int fd) {
  struct stat st = {};
  if (::fstat(fd, &st) < 0) return Error::from_errno(errno, "fstat");
  return S_ISDIR(st.st_mode) ? TargetKind::Folder : TargetKind::File;
}

Result<UniqueFd> open_target(int root_fd, const MountPlan& plan, TargetKind kind, int tree_fd) {
  auto opened = os::open_in_root(root_fd, plan.destination);
  if (!opened && opened.error().sys_errno() == ENOENT) {
    const std::string path = AMBIT_TRY(follow_links(root_fd, plan.destination));
    opened = kind == TargetKind::Folder ? os::make_dirs_in_root(root_fd, path, kFolderMode)
                                        : make_file(root_fd, path);
  }
  UniqueFd target = AMBIT_TRY(std::move(opened));
  if (is_type(plan, "proc") || is_type(plan, "sysfs")) AMBIT_TRY(refuse_links(root_fd, plan));
  AMBIT_TRY(check_place(root_fd, plan, target.get(), tree_fd));
  AMBIT_TRY(check_filesystem(plan, target.get(), tree_fd));
  if (AMBIT_TRY(target_kind(target.get())) != kind)
    return Error(ErrorCode::InvalidArgument,
                 kind == TargetKind::Folder
                     ? "the source is a folder, and the container has a file there"
                     : "the source is a file, and the container has a folder there");
  return target;
}

Result<void> attach_at_target(int root_fd, const std::string& path, int target_fd, int mount_fd) {
  AMBIT_TRY(os::attach(mount_fd, target_fd));
  UniqueFd again = AMBIT_TRY(os::open_in_root(root_fd, path));
  if (AMBIT_TRY(os::mount_id(again.get())) != AMBIT_TRY(os::mount_id(mount_fd)))
    return refused("the target was moved while it was mounted on");
  return {};
}

}  // namespace ambit::sandbox
