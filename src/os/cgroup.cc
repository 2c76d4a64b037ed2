#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::os {
namespace {

constexpr char kMount[] = "/sys/fs/cgroup";
constexpr std::size_t kMaxFileBytes = 65536;
constexpr std::size_t kEventsBytes = 512;  // cgroup.events and memory.events are shorter
constexpr std::string_view kUserManager = "user@";

// ENODEV: the cgroup was removed while its file was open.
bool is_gone(const Error& error) {
  return error.sys_errno() == ENOENT || error.sys_errno() == ENODEV;
}

// The value after "KEY " in a flat keyed file; 0 where the key is missing.
long long keyed_value(std::string_view text, std::string_view key) {
  for (const std::string& line : split(text, '\n')) {
    if (line.size() <= key.size() || line.compare(0, key.size(), key) != 0) continue;
    if (line[key.size()] != ' ') continue;
    const auto value = parse_int(trim(std::string_view(line).substr(key.size())));
    return value ? *value : 0;
  }
  return 0;
}

// 0 where the file or the cgroup is not there.
Result<long long> keyed_file_value(int cgroup_fd, const char* file, std::string_view key) {
  const auto text = read_file_at(cgroup_fd, file, kMaxFileBytes);
  if (!text && is_gone(text.error())) return 0LL;
  if (!text) return text.error();
  return keyed_value(*text, key);
}

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

Result<std::vector<std::string>> child_folders(int cgroup_fd) {
  UniqueFd fd = AMBIT_TRY(open_at(cgroup_fd, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (dir == nullptr) return Error::from_errno(errno, "fdopendir");
  (void)fd.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get()))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

// Waits until "KEY WANTED" stands in cgroup.events. The kernel tells of a change by POLLPRI
// (kernfs); a change between the read and the poll is not lost, since poll compares with what was
// read last through this descriptor.
Result<void> wait_event(int cgroup_fd, std::string_view key, long long wanted,
                        std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + limit;
  auto events = open_at(cgroup_fd, "cgroup.events", O_RDONLY);
  if (!events && is_gone(events.error())) return {};
  if (!events) return std::move(events).error();
  while (true) {
    if (::lseek(events->get(), 0, SEEK_SET) < 0) {
      if (errno == ENODEV) return {};  // removed
      return Error::from_errno(errno, "lseek in cgroup.events");
    }
    const auto text = read_all(events->get(), kMaxFileBytes);
    if (!text && is_gone(text.error())) return {};
    if (!text) return text.error();
    if (keyed_value(*text, key) == wanted) return {};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0)
      return Error(ErrorCode::Timeout,
                   strf("the cgroup is not \"%s %lld\" after %lld ms", std::string(key).c_str(),
                        wanted, static_cast<long long>(limit.count())));
    pollfd change = {.fd = events->get(), .events = POLLPRI, .revents = 0};
    if (::poll(&change, 1, static_cast<int>(left)) < 0 && errno != EINTR)
      return Error::from_errno(errno, "poll of cgroup.events");
  }
}

}  // namespace

Result<std::string> cgroup_of(pid_t pid) {
  const std::string text = AMBIT_TRY(
      read_file_at(AT_FDCWD, strf("/proc/%d/cgroup", static_cast<int>(pid)), kMaxFileBytes));
  for (const std::string& line : split(text, '\n'))
    if (line.compare(0, 3, "0::") == 0) return line.substr(3);
  return Error(ErrorCode::HostUnsupported,
               "no cgroup v2 hierarchy: boot with "
               "systemd.unified_cgroup_hierarchy=1");
}

Result<UniqueFd> open_cgroup(const std::string& path) {
  UniqueFd fd = AMBIT_TRY(open_at(AT_FDCWD, kMount + path, O_PATH | O_DIRECTORY));
  struct statfs fs = {};
  if (::fstatfs(fd.get(), &fs) < 0) return Error::from_errno(errno, "fstatfs " + path);
  if (fs.f_type != CGROUP2_SUPER_MAGIC)
    return Error(ErrorCode::HostUnsupported, std::string(kMount) +
                                                 " is not cgroup v2: boot with "
                                                 "systemd.unified_cgroup_hierarchy=1");
  return fd;
}

Result<std::vector<std::string>> controllers(int cgroup_fd) {
  constexpr std::size_t kMaxNames = 4096;
  const std::string text = AMBIT_TRY(read_file_at(cgroup_fd, "cgroup.controllers", kMaxNames));
  std::vector<std::string> names = split(trim(text), ' ');
  std::erase(names, "");
  return names;
}

Result<UniqueFd> make_child_cgroup(int cgroup_fd, const std::string& name) {
  if (::mkdirat(cgroup_fd, name.c_str(), 0755) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "making cgroup " + name);
  return open_at(cgroup_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

Result<void> move_to_cgroup(int cgroup_fd, pid_t pid) {
  return write_value_at(cgroup_fd, "cgroup.procs", std::to_string(pid));
}

Result<std::vector<pid_t>> processes_below(const std::string& path) {
  constexpr std::size_t kMaxProcsBytes = std::size_t{8} << 20;
  std::vector<pid_t> pids;
  std::vector<std::string> groups = {path};
  while (!groups.empty()) {
    const std::string group = std::move(groups.back());
    groups.pop_back();
    auto dir = open_cgroup(group);
    if (!dir && is_gone(dir.error())) continue;
    if (!dir) return dir.error();
    const auto text = read_file_at(dir->get(), "cgroup.procs", kMaxProcsBytes);
    if (!text && is_gone(text.error())) continue;
    if (!text) return text.error();
    for (const std::string& line : split(*text, '\n'))
      if (const auto pid = parse_int(line); pid) pids.push_back(static_cast<pid_t>(*pid));
    for (const std::string& child : AMBIT_TRY(child_folders(dir->get())))
      groups.push_back(group + "/" + child);
  }
  return pids;
}

Result<bool> is_populated(int cgroup_fd) {
  return AMBIT_TRY(keyed_file_value(cgroup_fd, "cgroup.events", "populated")) != 0;
}

bool is_populated_at(const std::string& path) {
  if (path.empty()) return false;  // it would name the root of all
  auto fd = open_cgroup(path);
  if (!fd) return false;
  const auto populated = is_populated(fd->get());
  return populated && *populated;
}

Result<bool> is_frozen(int cgroup_fd) {
  return AMBIT_TRY(keyed_file_value(cgroup_fd, "cgroup.events", "frozen")) != 0;
}

Result<UniqueFd> open_cgroup_events(const std::string& path) {
  UniqueFd dir = AMBIT_TRY(open_cgroup(path));
  return open_at(dir.get(), "cgroup.events", O_RDONLY);
}

Result<CgroupEvents> read_cgroup_events(int events_fd) {
  std::array<char, kEventsBytes> text;
  const ssize_t n = ::pread(events_fd, text.data(), text.size(), 0);
  if (n < 0 && errno == ENODEV) return CgroupEvents{.gone = true};
  if (n < 0) return Error::from_errno(errno, "reading cgroup.events");
  const std::string_view events(text.data(), static_cast<std::size_t>(n));
  return CgroupEvents{.populated = keyed_value(events, "populated") != 0,
                      .frozen = keyed_value(events, "frozen") != 0};
}

std::string frozen_above(const std::string& path) {
  for (std::size_t end = path.rfind('/'); end != std::string::npos && end > 0;
       end = path.rfind('/', end - 1)) {
    const std::string above = path.substr(0, end);
    const auto text = read_file_at(AT_FDCWD, kMount + above + "/cgroup.freeze", kMaxFileBytes);
    if (text && trim(*text) == "1") return above;
    if (above.compare(above.rfind('/') + 1, kUserManager.size(), kUserManager) == 0) return "";
  }
  return "";
}

Result<void> kill_cgroup(int cgroup_fd) {
  auto written = write_value_at(cgroup_fd, "cgroup.kill", "1");
  if (!written && is_gone(written.error())) return {};
  return written;
}

Result<std::vector<std::string>> cgroups_below(const std::string& path) {
  std::vector<std::string> found = {path};
  for (std::size_t i = 0; i < found.size(); i++) {
    const std::string group = found[i];
    auto dir = open_cgroup(group);
    if (!dir && is_gone(dir.error())) continue;
    if (!dir) return dir.error();
    for (const std::string& child : AMBIT_TRY(child_folders(dir->get())))
      found.push_back(group + "/" + child);
  }
  found.erase(found.begin());
  std::reverse(found.begin(), found.end());
  return found;
}

Result<void> wait_unpopulated(int cgroup_fd, std::chrono::milliseconds limit) {
  return wait_event(cgroup_fd, "populated", 0, limit);
}

Result<void> remove_cgroup(const std::string& path, std::chrono::milliseconds limit) {
  const std::string folder = kMount + path;
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  if (errno != EBUSY) return Error::from_errno(errno, "removing cgroup " + path);
  auto fd = open_cgroup(path);
  if (!fd && is_gone(fd.error())) return {};
  if (!fd) return fd.error();
  AMBIT_TRY(wait_unpopulated(fd->get(), limit).context("removing cgroup " + path));
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  return Error::from_errno(errno, "removing cgroup " + path);
}

Result<void> set_freezer(int cgroup_fd, FreezerState state, std::chrono::milliseconds limit) {
  const bool frozen = state == FreezerState::Frozen;
  AMBIT_TRY(write_value_at(cgroup_fd, "cgroup.freeze", frozen ? "1" : "0"));
  return wait_event(cgroup_fd, "frozen", frozen ? 1 : 0, limit);
}

long long oom_kills(int memory_events_fd) {
  std::array<char, kEventsBytes> text;
  const ssize_t n = ::pread(memory_events_fd, text.data(), text.size(), 0);
  if (n <= 0) return 0;
  return keyed_value(std::string_view(text.data(), static_cast<std::size_t>(n)), "oom_kill");
}

}  // namespace ambit::os
