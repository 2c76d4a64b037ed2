#include "oci/status.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/strings.h"
#include "os/file.h"
#include "os/process.h"
#include "os/procfs.h"

namespace ambit::oci {
namespace {

// The fields after the name, which may have any character in it.
constexpr std::size_t kStateField = 0;
constexpr std::size_t kStartField = 19;

bool is_waiting_for_start(const StateFolder& folder) {
  return ::faccessat(folder.fd(), StateFolder::kStartSocket, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

const char* status_name(Status status) {
  switch (status) {
    case Status::Creating:
      return "creating";
    case Status::Created:
      return "created";
    case Status::Running:
      return "running";
    case Status::Paused:
      return "paused";
    case Status::Stopped:
      return "stopped";
  }
  return "unknown";
}

Result<std::uint64_t> start_ticks(pid_t pid) {
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  const UniqueFd file =
      AMBIT_TRY(os::open_in_procfs(procfs.get(), strf("%d/stat", static_cast<int>(pid)), O_RDONLY));
  const std::string text = AMBIT_TRY(os::read_all(file.get(), 4096));
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return Error(ErrorCode::Io, "/proc/PID/stat: no name");
  const auto fields = split(std::string_view(text).substr(name_end + 2), ' ');
  if (fields.size() <= kStartField) return Error(ErrorCode::Io, "/proc/PID/stat: too short");
  if (fields[kStateField] == "Z" || fields[kStateField] == "X")
    return Error(ErrorCode::NotRunning, strf("process %d has ended", static_cast<int>(pid)));
  return parse_uint(fields[kStartField]);
}

UniqueFd open_container_process(const StoredState& state) {
  if (state.pid <= 0) return UniqueFd();
  auto pidfd = os::open_pidfd(state.pid);
  if (!pidfd) return UniqueFd();
  // The descriptor first: the number can't change hands after that.
  const auto ticks = start_ticks(state.pid);
  if (!ticks || *ticks != state.start_ticks) return UniqueFd();
  return *std::move(pidfd);
}

Result<Status> status_of(const StateFolder& folder, const StoredState& state) {
  if (!open_container_process(state)) return Status::Stopped;
  if (is_waiting_for_start(folder))
    return state.created.empty() ? Status::Creating : Status::Created;
  if (state.cgroup.path.empty()) return Status::Running;
  return AMBIT_TRY(is_frozen(state.cgroup)) ? Status::Paused : Status::Running;
}

spec::State make_state(const StoredState& state, Status status, const spec::RuntimeSpec& spec) {
  return {.oci_version = spec.oci_version,
          .id = state.id,
          .status = status_name(status),
          .pid = status == Status::Stopped ? 0 : state.pid,
          .bundle = state.bundle,
          .annotations = spec.annotations};
}

}  // namespace ambit::oci
