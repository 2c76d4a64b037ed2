#include "engine/host_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <set>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::engine {
namespace {

struct EmptyFolder {
  const char* name;
  mode_t mode;
};

constexpr EmptyFolder kEmpty[] = {{"home", 0755}, {"root", 0700},  {"tmp", 01777}, {"run", 0755},
                                  {"mnt", 0755},  {"media", 0755}, {"proc", 0755}, {"sys", 0755},
                                  {"dev", 0755},  {"boot", 0755}};

// Ours to leave out: lost+found is of the file system, the rest starts out empty.
bool starts_empty(std::string_view name) {
  return name == "lost+found" ||
         std::any_of(std::begin(kEmpty), std::end(kEmpty),
                     [&](const EmptyFolder& folder) { return name == folder.name; });
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

Result<void> make_dir(int dir_fd, const std::string& path, mode_t mode) {
  if (::mkdirat(dir_fd, path.c_str(), mode) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir " + path);
  // The umask took bits away that /tmp needs.
  if (::fchmodat(dir_fd, path.c_str(), mode, 0) < 0)
    return Error::from_errno(errno, "chmod " + path);
  return {};
}

Result<void> copy_link(int data_dir_fd, const std::string& name) {
  const std::string target = AMBIT_TRY(os::read_link_at(AT_FDCWD, "/" + name));
  if (::symlinkat(target.c_str(), data_dir_fd, ("upper/" + name).c_str()) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "linking " + name);
  return {};
}

Result<spec::Mount> overlay_mount(int data_dir_fd, const std::string& data_path,
                                  const std::string& name) {
  const std::string base = "host/" + name;
  AMBIT_TRY(make_dir(data_dir_fd, base, 0755));
  AMBIT_TRY(make_dir(data_dir_fd, base + "/upper", 0755));
  AMBIT_TRY(make_dir(data_dir_fd, base + "/work", 0700));
  return spec::Mount{
      .destination = "/" + name,
      .type = "overlay",
      .source = "overlay",
      .options = {"lowerdir=/" + name, "upperdir=" + data_path + "/" + base + "/upper",
                  "workdir=" + data_path + "/" + base + "/work", "nosuid", "nodev"}};
}

spec::Mount read_only_bind(const std::string& name) {
  return {.destination = "/" + name,
          .type = "bind",
          .source = "/" + name,
          .options = {"rbind", "rro", "rprivate", "nosuid", "nodev"}};
}

// The first components of all mount points that lie deeper than in "/": "var" for "/var/tmp".
Result<std::set<std::string>> folders_with_mounts() {
  constexpr std::size_t kMaxMountinfoBytes = std::size_t{16} << 20;
  constexpr std::size_t kMountPoint = 4;  // proc_pid_mountinfo(5), counted from 0
  const std::string text =
      AMBIT_TRY(os::read_file_at(AT_FDCWD, "/proc/self/mountinfo", kMaxMountinfoBytes));
  std::set<std::string> names;
  for (const std::string& line : split(text, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() <= kMountPoint) continue;
    const auto components = split(fields[kMountPoint], '/');
    if (components.size() > 2) names.insert(components[1]);
  }
  return names;
}

bool holds(const std::string& name, const std::string& path) {
  return path.compare(0, name.size() + 2, "/" + name + "/") == 0;
}

}  // namespace

Result<std::vector<spec::Mount>> prepare_host_root(int data_dir_fd, const std::string& data_path) {
  AMBIT_TRY(make_dir(data_dir_fd, "host", 0700));
  for (const EmptyFolder& folder : kEmpty)
    AMBIT_TRY(make_dir(data_dir_fd, std::string("upper/") + folder.name, folder.mode));

  const std::unique_ptr<DIR, CloseDir> root(::opendir("/"));
  if (root == nullptr) return Error::from_errno(errno, "opening /");
  const std::set<std::string> with_mounts = AMBIT_TRY(folders_with_mounts());
  std::vector<spec::Mount> mounts;
  while (const dirent* entry = ::readdir(root.get())) {
    const std::string name = entry->d_name;
    struct stat info = {};
    if (name == "." || name == ".." || starts_empty(name) || holds(name, data_path)) continue;
    if (::fstatat(::dirfd(root.get()), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (S_ISLNK(info.st_mode)) AMBIT_TRY(copy_link(data_dir_fd, name));
    // What only others may search is of no use inside, where the user is the same.
    if (!S_ISDIR(info.st_mode) || ::access(("/" + name).c_str(), R_OK | X_OK) < 0) continue;
    mounts.push_back(with_mounts.count(name) > 0
                         ? read_only_bind(name)
                         : AMBIT_TRY(overlay_mount(data_dir_fd, data_path, name)));
  }
  return mounts;
}

}  // namespace ambit::engine
