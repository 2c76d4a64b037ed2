#include "engine/systemd_inside.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "os/file.h"
#include "os/path.h"

namespace ambit::engine {
namespace {

constexpr int kHalt = 34 + 3;  // SIGRTMIN+3: systemd(1), "Signals"
constexpr std::uint64_t kStopTimeoutUsec = 90'000'000;
constexpr int kMaxLinks = 40;  // as the kernel has it
constexpr char kHostFolder[] = "run-host";
constexpr std::size_t kMaxOsRelease = 65536;
constexpr std::size_t kUuidDigits = 32;

struct Tmpfs {
  const char* destination;
  const char* mode;
};

// Outer ones first. What the image has there is hidden, as on a machine that boots.
constexpr Tmpfs kTmpfs[] = {{"/run", "mode=755"},
                            {"/run/lock", "mode=1777"},
                            {"/tmp", "mode=1777"},
                            {"/var/log/journal", "mode=755"}};

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The object at a path without links, in the topmost of the folders that has it.
UniqueFd find(const std::vector<UniqueFd>& roots, const std::string& path) {
  for (const UniqueFd& root : roots)
    if (auto found = os::open_in_root(
            root.get(), path, {.flags = O_PATH | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS}))
      return *std::move(found);
  return UniqueFd();
}

void put_first(std::deque<std::string>& todo, const std::string& path) {
  const std::vector<std::string> parts = split(path, '/');
  todo.insert(todo.begin(), parts.begin(), parts.end());
}

// Where all links of an absolute path lead to, across the folders that the root is made of.
std::optional<std::string> resolve(const std::vector<UniqueFd>& roots, const std::string& path) {
  std::deque<std::string> todo;
  put_first(todo, path);
  std::string done;
  for (int links = 0; !todo.empty() && links <= kMaxLinks;) {
    const std::string part = todo.front();
    todo.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done.resize(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    const UniqueFd object = find(roots, done + "/" + part);
    struct stat st = {};
    if (!object || ::fstat(object.get(), &st) < 0) return std::nullopt;
    if (!S_ISLNK(st.st_mode)) {
      done += "/" + part;
      continue;
    }
    const auto target = os::read_link_at(object.get(), "");
    if (!target) return std::nullopt;
    if ((*target).front() == '/') done.clear();
    put_first(todo, *target);
    ++links;
  }
  if (!todo.empty()) return std::nullopt;
  return done;
}

std::string uuid_of(const spec::ContainerRecord& record) {
  return record.id.substr(0, kUuidDigits);
}

bool has_variable(const std::vector<std::string>& environment, std::string_view key) {
  return std::any_of(environment.begin(), environment.end(), [&](const std::string& assignment) {
    return std::string_view(assignment).substr(0, assignment.find('=')) == key;
  });
}

// In this place, or in a folder around it.
bool is_users(const spec::ContainerRecord& record, const std::string& place) {
  const auto& mounts = record.options.mounts;
  return std::any_of(mounts.begin(), mounts.end(), [&](const spec::Mount& mount) {
    const std::string& destination = mount.destination;
    return place == destination || place.compare(0, destination.size() + 1, destination + "/") == 0;
  });
}

bool drops(const spec::ContainerRecord& record, std::string_view capability) {
  const auto& dropped = record.options.capabilities_drop;
  return std::any_of(dropped.begin(), dropped.end(), [&](const std::string& text) {
    const std::string name = to_lower(text);
    return name == "all" || name == capability || name == "cap_" + std::string(capability);
  });
}

}  // namespace

Result<void> check_systemd_option(const spec::ContainerOptions& options) {
  if (options.systemd != "true" && options.systemd != "false" && options.systemd != "always")
    return Error(ErrorCode::InvalidArgument,
                 "systemd '" + options.systemd + "': it is true, false or always");
  if (options.systemd == "always" && options.init)
    return Error(ErrorCode::InvalidArgument,
                 "systemd has to be PID 1 itself: it can't have an init before it");
  return {};
}

bool is_systemd(const std::string& command, const std::vector<std::string>& roots) {
  const std::string name = last_name(command);
  if (name == "systemd") return true;
  if (name != "init") return false;
  const std::string path = command == "init" ? "/sbin/init" : command;
  if (path.front() != '/') return false;
  std::vector<UniqueFd> opened;
  for (const std::string& root : roots)
    if (auto fd = os::open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY))
      opened.push_back(*std::move(fd));
  const auto target = resolve(opened, path);
  return target && last_name(*target) == "systemd";
}

void settle_systemd(spec::ContainerRecord& record, const spec::ImageConfig& image) {
  const spec::ContainerOptions& options = record.options;
  record.systemd.active = true;
  record.systemd.console = !options.terminal;
  if (options.stop_signal.empty() && image.stop_signal.empty()) record.stop_signal = kHalt;
  if (!options.stop_timeout_usec) record.stop_timeout_usec = kStopTimeoutUsec;
  if (!has_variable(record.environment, "container_uuid"))
    record.environment.push_back("container_uuid=" + uuid_of(record));
  // What reads its console is a log, and no terminal that colours and moves the cursor.
  if (record.systemd.console && !has_variable(record.environment, "TERM"))
    record.environment.emplace_back("TERM=dumb");
}

void add_systemd_mounts(spec::RuntimeSpec& spec, const spec::ContainerRecord& record,
                        const std::string& data_path) {
  if (!record.systemd.active) return;
  for (spec::Mount& mount : spec.mounts)
    if (mount.type == "cgroup")
      std::replace(mount.options.begin(), mount.options.end(), std::string("ro"),
                   std::string("rw"));
  for (const Tmpfs& tmpfs : kTmpfs)
    if (!is_users(record, tmpfs.destination))
      spec.mounts.push_back({.destination = tmpfs.destination,
                             .type = "tmpfs",
                             .source = "tmpfs",
                             .options = {"nosuid", "nodev", tmpfs.mode}});
  if (!is_users(record, "/run/host"))
    spec.mounts.push_back({.destination = "/run/host",
                           .type = "bind",
                           .source = data_path + "/" + kHostFolder,
                           .options = {"bind", "rprivate", "ro", "nosuid", "nodev", "noexec"}});
}

std::vector<std::string> systemd_capabilities(const spec::ContainerRecord& record) {
  if (!record.systemd.active || drops(record, "sys_boot")) return {};
  return {"CAP_SYS_BOOT"};
}

Result<void> write_host_files(int data_dir_fd, const spec::ContainerRecord& record) {
  if (!record.systemd.active) return {};
  if (::mkdirat(data_dir_fd, kHostFolder, 0755) < 0 && errno != EEXIST)
    return Error::from_errno(errno, std::string("mkdir ") + kHostFolder);
  UniqueFd folder =
      AMBIT_TRY(os::open_at(data_dir_fd, kHostFolder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  const auto write = [&](const char* name, const std::string& text) {
    return os::write_file_atomic(folder.get(), name, text, os::Durability::Crash, 0644);
  };
  AMBIT_TRY(write("container-manager", "ambit\n"));
  AMBIT_TRY(write("container-uuid", uuid_of(record) + "\n"));
  auto release = os::read_file_at(AT_FDCWD, "/etc/os-release", kMaxOsRelease);
  if (!release) release = os::read_file_at(AT_FDCWD, "/usr/lib/os-release", kMaxOsRelease);
  // A host without the file has nothing to say.
  return release ? write("os-release", *release) : Result<void>();
}

}  // namespace ambit::engine
