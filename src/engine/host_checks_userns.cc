#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/strings.h"
#include "engine/host_checks.h"
#include "os/file.h"
#include "sandbox/subordinate_ids.h"
#include "sandbox/userns_host.h"

namespace ambit::engine {
namespace {

constexpr std::uint32_t kEnoughIds = 65536;
constexpr std::size_t kMaxMessageBytes = 4096;

// Runs `body` in a forked child and brings the message of its error back.
Result<void> in_child(const std::function<Result<void>()>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return Error::from_errno(errno, "fork");
  if (pid == 0) {
    const Result<void> result = body();
    if (!result) (void)os::write_all(write_end.get(), result.error().message());
    ::_exit(result ? 0 : 1);
  }
  write_end.reset();
  auto message = os::read_all(read_end.get(), kMaxMessageBytes);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (message && !message->empty()) return Error(ErrorCode::HostUnsupported, *message);
  return Error(ErrorCode::Internal, "the probe ended without a word");
}

Result<void> make_file(const char* path) {
  const UniqueFd fd = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT, 0600));
  return {};
}

// In a folder of our own: an overlay with a file taken away and one added, as a container's.
Result<void> try_overlay(const std::string& folder, int userns_fd) {
  AMBIT_TRY(sandbox::enter_base_userns(userns_fd));
  if (::unshare(CLONE_NEWNS) < 0) return Error::from_errno(errno, "unshare of the mount namespace");
  // Relative names: the folder's own may have characters that mount options can't.
  if (::chdir(folder.c_str()) < 0) return Error::from_errno(errno, "chdir " + folder);
  for (const char* name : {"lower", "upper", "work", "root"})
    if (::mkdir(name, 0700) < 0) return Error::from_errno(errno, std::string("mkdir ") + name);
  AMBIT_TRY(make_file("lower/old"));
  if (::mount("overlay", "root", "overlay", 0,
              "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
    return Error::from_errno(errno, "mounting an overlay with userxattr");
  AMBIT_TRY(make_file("root/new"));
  if (::unlink("root/old") < 0) return Error::from_errno(errno, "deleting a file of the image");
  if (::umount2("root", MNT_DETACH) < 0) return Error::from_errno(errno, "umount");
  std::error_code ignored;
  for (const char* name : {"lower", "upper", "work", "root"})
    std::filesystem::remove_all(name, ignored);
  return {};
}

Result<std::vector<sandbox::IdRange>> ranges_in(const char* file, const HostContext& context) {
  auto text = os::read_file_at(AT_FDCWD, file, 1 << 20);
  if (!text && text.error().sys_errno() == ENOENT) return std::vector<sandbox::IdRange>{};
  if (!text) return text.error();
  return sandbox::parse_subordinate_ids(*text, context.user, context.uid);
}

std::uint64_t total(const std::vector<sandbox::IdRange>& ranges) {
  std::uint64_t count = 0;
  for (const sandbox::IdRange& range : ranges) count += range.count;
  return count;
}

// The first two that share an id.
std::string overlap_in(const std::vector<sandbox::IdRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); i++)
    for (std::size_t j = i + 1; j < ranges.size(); j++) {
      const sandbox::IdRange& a = ranges[i];
      const sandbox::IdRange& b = ranges[j];
      if (a.first < std::uint64_t{b.first} + b.count && b.first < std::uint64_t{a.first} + a.count)
        return sandbox::describe({a, b});
    }
  return "";
}

}  // namespace

HostCheck check_user_namespaces(const HostContext& context) {
  const auto& base = context.base_userns;
  if (!base)
    return missing(base.error().message(),
                   "see the message; sysctls: user.max_user_namespaces, "
                   "kernel.unprivileged_userns_clone, "
                   "kernel.apparmor_restrict_unprivileged_userns");
  if (!(*base).note.empty()) return warning((*base).note, "see \"subordinate ids\"");
  return found("made one, with " + std::to_string((*base).extents.uids.size()) + " extents");
}

HostCheck check_subordinate_ids(const HostContext& context) {
  // Root maps ids of its choice.
  if (context.uid == 0) return found("root needs none");
  const std::string fix = strf(
      "as root: usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST %s, with %u ids "
      "that nobody else has in /etc/subuid and /etc/subgid",
      context.user.c_str(), kEnoughIds);
  std::vector<std::string> sizes;
  for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
    const auto ranges = ranges_in(file, context);
    if (!ranges) return warning(ranges.error().message(), fix);
    const std::uint64_t count = total(*ranges);
    if (count == 0)
      return warning(
          strf("%s gives %s none: containers have a single id", file, context.user.c_str()), fix);
    if (count < kEnoughIds)
      return warning(strf("%s gives %s only %llu: images with higher ids can't be unpacked", file,
                          context.user.c_str(), static_cast<unsigned long long>(count)),
                     fix);
    const std::string overlap = overlap_in(*ranges);
    if (!overlap.empty())
      return missing(strf("ranges in %s overlap: %s", file, overlap.c_str()),
                     "take one of the two out of the file");
    sizes.push_back(sandbox::describe(*ranges));
  }
  return found(sizes[0] == sizes[1] ? sizes[0] : join(sizes, "; groups "));
}

HostCheck check_map_helpers(const HostContext& context) {
  if (context.uid == 0) return found("root writes the maps itself");
  for (const char* name : {"newuidmap", "newgidmap"}) {
    const auto fine = sandbox::check_map_helper(name);
    if (!fine) return missing(fine.error().message(), "as root: apt install --reinstall uidmap");
  }
  return found("newuidmap and newgidmap are privileged");
}

HostCheck check_overlay(const HostContext& context) {
  if (!context.base_userns)
    return missing("can't be tried without a user namespace", "see \"user namespaces\"");
  const std::string& store = context.paths.data;
  const auto made = os::make_dirs(store, 0700);
  if (!made) return missing(made.error().message(), "make the folder writable");
  std::string folder = store + "/probe-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return missing(Error::from_errno(errno, "making a folder in " + store).message(),
                   "make the folder writable");
  const int userns = (*context.base_userns).userns.get();
  const auto mounted = in_child([&] { return try_overlay(folder, userns); });
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (mounted) return found("mounted below " + store);
  return missing(
      mounted.error().message(),
      "keep the store on ext4, xfs, btrfs or tmpfs: set XDG_DATA_HOME; needs Linux 5.11");
}

}  // namespace ambit::engine
