#include "oci/cgroup_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/strings.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "systemd/delegation.h"

namespace ambit::oci {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr char kMount[] = "/sys/fs/cgroup";

using Names = std::set<std::string>;

std::vector<std::string> components_of(const std::string& path) {
  std::vector<std::string> names = split(path, '/');
  std::erase(names, "");
  std::erase(names, ".");
  return names;
}

// "cpu io memory" of cgroup.controllers and cgroup.subtree_control.
Result<Names> read_names(int cgroup_fd, const char* file) {
  const std::string text = AMBIT_TRY(os::read_file_at(cgroup_fd, file, kMaxFileBytes));
  Names names;
  for (const std::string& name : split(trim(text), ' '))
    if (!name.empty()) names.insert(name);
  return names;
}

Result<void> enable(int cgroup_fd, const Names& controllers) {
  std::string text;
  for (const std::string& name : controllers) text += (text.empty() ? "+" : " +") + name;
  return os::write_value_at(cgroup_fd, "cgroup.subtree_control", text);
}

Error no_controller(const std::string& name, const std::string& path, Authority authority) {
  std::string fix = strf("boot with systemd.unified_cgroup_hierarchy=1, or write \"+%s\" to %s",
                         name.c_str(), "cgroup.subtree_control of the cgroups above");
  if (path != "/" && authority == Authority::User) fix = systemd::delegation_fix();
  return Error(ErrorCode::HostUnsupported, strf("no cgroup controller \"%s\" in %s%s: %s",
                                                name.c_str(), kMount, path.c_str(), fix.c_str()));
}

Error not_enabled(Error error, const std::string& name, const std::string& path) {
  const int err = error.sys_errno();
  Error told = std::move(error).context(
      strf("enabling controller \"%s\" in %s%s", name.c_str(), kMount, path.c_str()));
  if (err == EBUSY)
    return Error(ErrorCode::HostUnsupported,
                 told.message() +
                     ": it holds processes of its own; give the container a "
                     "cgroupsPath elsewhere, or use --systemd-cgroup");
  return std::move(told).with_code(ErrorCode::HostUnsupported);
}

struct Wanted {
  Names needed;
  Names welcome;
};

Wanted wanted_controllers(CgroupManager manager, const std::vector<spec::LimitLine>& lines) {
  static const Names kOfSystemd = {"cpu", "cpuset", "io", "memory", "pids"};
  Wanted wanted;
  if (manager == CgroupManager::Filesystem) wanted.welcome = {"cpu", "io", "memory", "pids"};
  for (const spec::LimitLine& line : lines) {
    const std::string name = spec::controller_of(line.file);
    if (spec::is_unlimited(line) || name.empty()) continue;
    if (manager == CgroupManager::Systemd && kOfSystemd.count(name) > 0) continue;
    wanted.needed.insert(name);
  }
  return wanted;
}

// What is wanted of one level is enabled for those below.
Result<void> enable_below(int cgroup_fd, const std::string& path, const Wanted& wanted,
                          Authority authority) {
  const Names there = AMBIT_TRY(read_names(cgroup_fd, "cgroup.controllers"));
  const Names enabled = AMBIT_TRY(read_names(cgroup_fd, "cgroup.subtree_control"));
  for (const std::string& name : wanted.needed) {
    if (enabled.count(name) > 0) continue;
    if (there.count(name) == 0) return no_controller(name, path, authority);
    Result<void> done = enable(cgroup_fd, {name});
    if (!done) return not_enabled(std::move(done).error(), name, path);
  }
  Names welcome;
  for (const std::string& name : wanted.welcome)
    if (there.count(name) > 0 && enabled.count(name) == 0 && wanted.needed.count(name) == 0)
      welcome.insert(name);
  if (welcome.empty() || enable(cgroup_fd, welcome)) return {};
  // The kernel takes all of a write or nothing: one that can't be had keeps no other away.
  for (const std::string& name : welcome) (void)enable(cgroup_fd, {name});  // as the header says
  return {};
}

bool exists(int cgroup_fd, const std::string& file) {
  return ::faccessat(cgroup_fd, file.c_str(), F_OK, 0) == 0;
}

Error missing_file(int cgroup_fd, const std::string& path, const spec::LimitLine& line) {
  const std::string controller = spec::controller_of(line.file);
  auto there = read_names(cgroup_fd, "cgroup.controllers");
  if (there && there->count(controller) == 0)
    return no_controller(controller, path, own_authority()).context(line.file);
  const char* fix = line.file.compare(0, 12, "memory.swap.") == 0
                        ? "boot with swapaccount=1, or leave memory.swap out"
                        : "the kernel was built without it";
  return Error(ErrorCode::HostUnsupported,
               strf("no file %s in %s%s: %s", line.file.c_str(), kMount, path.c_str(), fix));
}

Result<void> apply_limit(int cgroup_fd, const std::string& path, const spec::LimitLine& line) {
  if (line.check == spec::LimitCheck::None) {
    Result<void> written = os::write_value_at(cgroup_fd, line.file, line.value);
    if (!written && written.error().sys_errno() == ENOENT)
      return missing_file(cgroup_fd, path, line);
    return written;
  }
  auto before = os::read_file_at(cgroup_fd, line.file, kMaxFileBytes);
  if (!before) {
    if (before.error().sys_errno() != ENOENT) return std::move(before).error();
    if (spec::is_unlimited(line)) return {};
    if (!line.unless_file.empty() && exists(cgroup_fd, line.unless_file)) return {};
    return missing_file(cgroup_fd, path, line);
  }
  if (spec::is_in_force(line, *before)) return {};
  AMBIT_TRY(os::write_value_at(cgroup_fd, line.file, line.value).context("\"" + line.value + "\""));
  const std::string after = AMBIT_TRY(os::read_file_at(cgroup_fd, line.file, kMaxFileBytes));
  if (spec::is_in_force(line, after)) return {};
  return Error(ErrorCode::HostUnsupported,
               strf("%s of %s%s is \"%s\" after \"%s\" was written: the kernel does not apply it",
                    line.file.c_str(), kMount, path.c_str(), std::string(trim(after)).c_str(),
                    line.value.c_str()));
}

}  // namespace

Result<UniqueFd> make_cgroup_path(int root_fd, const std::string& path) {
  const std::vector<std::string> names = components_of(path);
  if (std::find(names.begin(), names.end(), "..") != names.end())
    return Error(ErrorCode::InvalidArgument, "cgroup path " + path + " leads upwards");
  UniqueFd fd = AMBIT_TRY(os::open_at(root_fd, ".", O_PATH | O_DIRECTORY));
  for (const std::string& name : names) fd = AMBIT_TRY(os::make_child_cgroup(fd.get(), name));
  return fd;
}

Result<void> enable_controllers(int root_fd, const Cgroup& cgroup,
                                const std::vector<spec::LimitLine>& lines, Authority authority) {
  const Wanted wanted = wanted_controllers(cgroup.manager, lines);
  if (wanted.needed.empty() && wanted.welcome.empty()) return {};
  UniqueFd fd = AMBIT_TRY(os::open_at(root_fd, ".", O_PATH | O_DIRECTORY));
  std::string above = "/";
  for (const std::string& name : components_of(cgroup.path)) {
    AMBIT_TRY(enable_below(fd.get(), above, wanted, authority));
    fd = AMBIT_TRY(os::open_at(fd.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    above += (above == "/" ? "" : "/") + name;
  }
  return {};
}

Result<void> apply_limits(int cgroup_fd, const std::string& path,
                          const std::vector<spec::LimitLine>& lines) {
  for (const spec::LimitLine& line : lines)
    AMBIT_TRY(apply_limit(cgroup_fd, path, line).context("limiting the container"));
  return {};
}

bool has_controller_at_all(const std::string& name) {
  const auto root = os::open_cgroup("/");
  if (!root) return false;
  const auto names = read_names((*root).get(), "cgroup.controllers");
  return names && (*names).count(name) > 0;
}

spec::CurrentLimits read_current_limits(int cgroup_fd) {
  spec::CurrentLimits current;
  if (const auto text = os::read_file_at(cgroup_fd, "memory.max", kMaxFileBytes); text)
    current.memory_max = std::string(trim(*text));
  const auto text = os::read_file_at(cgroup_fd, "cpu.max", kMaxFileBytes);
  if (!text) return current;
  const std::vector<std::string> words = split(trim(*text), ' ');
  const auto period = words.size() == 2 ? parse_int(words[1]) : parse_int("");
  if (!period) return current;
  current.cpu_quota = words[0];
  current.cpu_period_usec = *period;
  return current;
}

Result<void> remove_cgroups_below(const std::string& path) {
  const std::vector<std::string> below = AMBIT_TRY(os::cgroups_below(path));
  for (const std::string& each : below) AMBIT_TRY(os::remove_cgroup(each));
  return {};
}

Result<std::uint64_t> memory_in_use(int cgroup_fd) {
  const auto text = os::read_file_at(cgroup_fd, "memory.current", kMaxFileBytes);
  if (!text && text.error().sys_errno() == ENOENT) return std::uint64_t{0};
  if (!text) return text.error();
  return parse_uint(trim(*text));
}

}  // namespace ambit::oci
