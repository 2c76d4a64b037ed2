#include "oci/cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "oci/cgroup_devices.h"
#include "oci/cgroup_files.h"
#include "oci/cgroup_scope.h"
#include "os/cgroup.h"
#include "spec/limit_lines.h"

namespace ambit::oci {
namespace {

// PROC_USER_INIT_INO of the kernel: the initial namespace's number never changes.
constexpr ino_t kInitialUserNamespace = 0xEFFFFFFD;

// "/a/" of "/a/b"
std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

// What a relative path is appended to. With limits it is the parent of our own cgroup.
Result<std::string> base_path(const std::vector<spec::LimitLine>& lines) {
  auto own = os::cgroup_of(::getpid());
  if (!own) return own;
  if (own->compare(0, 3, "/..") == 0)
    return Error(ErrorCode::HostUnsupported, "our own cgroup is outside of this cgroup namespace");
  if (!lines.empty()) return parent_of(*own);
  if (own->back() != '/') own->push_back('/');
  return own;
}

Result<std::string> folder_path(const CgroupRequest& request,
                                const std::vector<spec::LimitLine>& lines) {
  if (request.cgroups_path.compare(0, 1, "/") == 0) return request.cgroups_path;
  if (request.cgroups_path.find(':') != std::string::npos)
    return Error(ErrorCode::InvalidArgument,
                 "cgroupsPath \"" + request.cgroups_path +
                     "\" is one for systemd, and --systemd-cgroup is not given");
  auto path = base_path(lines);
  if (path)
    path->append(request.cgroups_path.empty() ? request.container_id : request.cgroups_path);
  return path;
}

bool is_refusal(const Error& error) {
  return error.code() == ErrorCode::PermissionDenied || error.sys_errno() == EROFS;
}

Result<void> refuse_populated(int cgroup_fd, const std::string& path) {
  if (!AMBIT_TRY(os::is_populated(cgroup_fd))) return {};
  return Error(ErrorCode::Busy, "cgroup " + path + " holds processes already: another container?");
}

}  // namespace

Authority own_authority() {
  struct stat ns = {};
  if (::geteuid() != 0 || ::stat("/proc/self/ns/user", &ns) < 0) return Authority::User;
  return ns.st_ino == kInitialUserNamespace ? Authority::System : Authority::User;
}

struct CgroupStart::State {
  Authority authority = Authority::User;
  std::vector<spec::LimitLine> lines;
  std::vector<spec::DeviceRule> devices;
  Cgroup cgroup;
  bool is_finished = false;
  std::string warning;

  UniqueFd folder;  // Filesystem; none where the container stays in the caller's cgroup

  ScopeStart::Request start;  // Systemd
  std::optional<ScopeStart> scope;

  void leave_out_pids();
  Result<void> prepare_folder(const CgroupRequest& request);
  Result<void> make_folder();
  Result<void> prepare_scope(const CgroupRequest& request);
  Result<void> enforce(int cgroup_fd);
  Result<void> enforce_on_scope();
};

void CgroupStart::State::leave_out_pids() {
  const auto found = std::find_if(lines.begin(), lines.end(), [](const spec::LimitLine& line) {
    return line.file == "pids.max" && !spec::is_unlimited(line);
  });
  if (found == lines.end() || has_controller_at_all("pids")) return;
  warning = "the limit of " + found->value +
            " processes is not in force: cgroup v2 has no controller \"pids\" on this host";
  lines.erase(found);
}

// Limits and rules on a cgroup that is there.
Result<void> CgroupStart::State::enforce(int cgroup_fd) {
  AMBIT_TRY(apply_limits(cgroup_fd, cgroup.path, lines));
  if (authority == Authority::System)
    AMBIT_TRY(set_device_rules(cgroup_fd, devices).context("limiting the container's devices"));
  return {};
}

Result<void> CgroupStart::State::make_folder() {
  const UniqueFd root = AMBIT_TRY(os::open_cgroup("/"));
  folder = AMBIT_TRY(make_cgroup_path(root.get(), cgroup.path));
  AMBIT_TRY(refuse_populated(folder.get(), cgroup.path));
  AMBIT_TRY(enable_controllers(root.get(), cgroup, lines, authority));
  return enforce(folder.get());
}

Result<void> CgroupStart::State::prepare_folder(const CgroupRequest& request) {
  cgroup.path = AMBIT_TRY(folder_path(request, lines));
  Result<void> made = make_folder();
  if (made) return {};
  if (made.error().code() != ErrorCode::Busy && folder) (void)os::remove_cgroup(cgroup.path);
  const bool is_optional =
      lines.empty() && request.cgroups_path.empty() && authority == Authority::User;
  if (!is_optional || folder || !is_refusal(made.error())) {
    Result<void> failed = std::move(made).context("cgroup " + cgroup.path);
    if (lines.empty() || folder) return failed;
    return std::move(failed).context("cannot set " + spec::controller_of(lines.front().file) +
                                     " limit: container could not join or create cgroup");
  }
  // Nothing is limited, and the caller's own limits, if any, go on.
  cgroup.path.clear();
  return {};
}

Result<void> CgroupStart::State::prepare_scope(const CgroupRequest& request) {
  start.name = AMBIT_TRY(scope_name(request.cgroups_path, request.container_id, authority));
  start.description = "OCI container " + request.container_id;
  start.authority = authority;
  cgroup.scope = start.name.unit;
  AMBIT_TRY(add_limit_properties(lines, start.properties));
  if (request.annotations == nullptr) return {};
  return add_annotation_properties(*request.annotations, start.properties);
}

CgroupStart::CgroupStart(std::unique_ptr<State> state) : state_(std::move(state)) {}
CgroupStart::CgroupStart(CgroupStart&&) noexcept = default;
CgroupStart& CgroupStart::operator=(CgroupStart&&) noexcept = default;

CgroupStart::~CgroupStart() {
  if (!state_ || state_->is_finished || !state_->folder) return;
  // A process of ours that got into it is about to die: its parent waits for it, not we.
  (void)os::kill_cgroup(state_->folder.get());
  (void)os::remove_cgroup(state_->cgroup.path);
}

Result<CgroupStart> CgroupStart::prepare(const CgroupRequest& request) {
  auto state = std::make_unique<State>();
  state->authority = request.authority;
  state->cgroup.manager = request.manager;
  if (request.resources != nullptr) {
    state->lines = AMBIT_TRY(spec::limit_lines(*request.resources).context("linux.resources"));
    state->devices = request.resources->devices;
  }
  state->leave_out_pids();
  AMBIT_TRY(device_program(state->devices));  // what is wrong is wrong for everybody
  if (request.manager == CgroupManager::Systemd)
    AMBIT_TRY(state->prepare_scope(request));
  else
    AMBIT_TRY(state->prepare_folder(request));
  return CgroupStart(std::move(state));
}

const Cgroup& CgroupStart::planned() const { return state_->cgroup; }

const std::string& CgroupStart::warning() const { return state_->warning; }

int CgroupStart::clone_fd() const { return state_->folder.get(); }

Result<void> CgroupStart::attach(pid_t pid) {
  State& state = *state_;
  if (state.cgroup.manager == CgroupManager::Systemd) {
    state.start.pid = pid;
    state.scope = AMBIT_TRY(ScopeStart::send(std::move(state.start)));
    return {};
  }
  if (!state.folder) return {};
  const std::string now = AMBIT_TRY(os::cgroup_of(pid));
  if (now == state.cgroup.path) return {};
  return os::move_to_cgroup(state.folder.get(), pid).context("cgroup " + state.cgroup.path);
}

Result<void> CgroupStart::State::enforce_on_scope() {
  cgroup.path = AMBIT_TRY(scope->wait());
  const UniqueFd root = AMBIT_TRY(os::open_cgroup("/"));
  const UniqueFd fd = AMBIT_TRY(os::open_cgroup(cgroup.path));
  AMBIT_TRY(enable_controllers(root.get(), cgroup, lines, authority));
  return enforce(fd.get());
}

Result<Cgroup> CgroupStart::finish() {
  State& state = *state_;
  if (state.scope) {
    Result<void> enforced = state.enforce_on_scope();
    if (!enforced) {
      // Not where the path is unknown: start_scope() has cleaned up then.
      (void)destroy_cgroup(state.cgroup, state.authority);
      return std::move(enforced).error().context(state.cgroup.scope);
    }
  }
  state.is_finished = true;
  return state.cgroup;
}

}  // namespace ambit::oci
