#include "monitor/payload.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "os/cgroup.h"
#include "os/file.h"

namespace ambit::monitor {
namespace {

constexpr char kPayload[] = "payload";
constexpr char kSupervisor[] = "supervisor";
// cgroup.max.depth is unlimited by default; this many levels are open at once.
constexpr int kMaxDepth = 256;

Result<void> move_and_verify(int cgroup_fd, pid_t pid, const std::string& path) {
  AMBIT_TRY(os::move_to_cgroup(cgroup_fd, pid).context("moving to " + path));
  const std::string actual = AMBIT_TRY(os::cgroup_of(pid));
  if (actual == path) return {};
  return Error(ErrorCode::Internal, "moving to " + path + ": the process is in " + actual);
}

struct CloseDir {
  void operator()(DIR* dir) const { (void)::closedir(dir); }
};

Result<void> remove_below(int parent_fd, const std::string& name, int depth) {
  if (::unlinkat(parent_fd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if (depth == 0) return Error::from_errno(errno, "removing cgroup " + name);
  UniqueFd fd = AMBIT_TRY(os::open_at(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (!dir) return Error::from_errno(errno, "reading cgroup " + name);
  const int dir_fd = fd.release();  // closedir() closes it
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string child = entry->d_name;
    if (entry->d_type == DT_DIR && child != "." && child != "..")
      AMBIT_TRY(remove_below(dir_fd, child, depth - 1));
  }
  if (::unlinkat(parent_fd, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
    return Error::from_errno(errno, "removing cgroup " + name);
  return {};
}

}  // namespace

Result<Payload> Payload::place(const std::string& scope, pid_t child) {
  Payload payload;
  payload.scope_ = AMBIT_TRY(os::open_cgroup(scope));
  UniqueFd supervisor = AMBIT_TRY(os::make_child_cgroup(payload.scope_.get(), kSupervisor));
  payload.payload_ = AMBIT_TRY(os::make_child_cgroup(payload.scope_.get(), kPayload));
  payload.events_ = AMBIT_TRY(os::open_at(payload.payload_.get(), "cgroup.events", O_RDONLY));
  if (auto file = os::open_at(payload.scope_.get(), "memory.events", O_RDONLY))
    payload.memory_events_ = *std::move(file);
  const pid_t self = ::getpid();
  AMBIT_TRY(move_and_verify(supervisor.get(), self, scope + "/" + kSupervisor));
  AMBIT_TRY(move_and_verify(payload.payload_.get(), child, scope + "/" + kPayload));
  return payload;
}

Result<void> Payload::die_together() const {
  auto enabled = os::write_value_at(scope_.get(), "cgroup.subtree_control", "+memory");
  if (enabled) enabled = os::write_value_at(payload_.get(), "memory.oom.group", "1");
  if (enabled) return {};
  return std::move(enabled)
      .error()
      .context("OOM policy kill")
      .with_code(ErrorCode::HostUnsupported);
}

void Payload::delegate() const {
  const auto controllers = os::read_file_at(scope_.get(), "cgroup.controllers", 4096);
  if (!controllers) return;
  for (const std::string& name : split(trim(*controllers), ' ')) {
    if (name.empty()) continue;
    const auto enabled = os::write_value_at(scope_.get(), "cgroup.subtree_control", "+" + name);
    if (!enabled)
      log(LogLevel::Warning, "controller %s is not to be had in the container: %s", name.c_str(),
          enabled.error().message().c_str());
  }
}

Result<void> Payload::kill() const {
  if (!exists()) return {};
  return os::kill_cgroup(payload_.get());
}

Result<bool> Payload::is_populated() const {
  if (!exists()) return false;
  return AMBIT_TRY(os::read_cgroup_events(events_.get())).populated;
}

long long Payload::oom_kills() const {
  return memory_events_ ? os::oom_kills(memory_events_.get()) : 0;
}

Result<void> Payload::remove() {
  if (!exists()) return {};
  payload_.reset();
  events_.reset();
  return remove_below(scope_.get(), kPayload, kMaxDepth);
}

}  // namespace ambit::monitor
