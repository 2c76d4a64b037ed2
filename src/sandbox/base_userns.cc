#include "sandbox/base_userns.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/strings.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/namespace.h"
#include "os/process.h"
#include "os/procfs.h"
#include "sandbox/subordinate_ids.h"
#include "sandbox/userns_host.h"

namespace ambit::sandbox {
namespace {

using os::IdExtent;
using os::IdKind;

constexpr std::size_t kMaxIdFileBytes = 1 << 20;

// A process that does nothing but keep a user namespace alive; gone with this object.
class Holder {
 public:
  static Result<Holder> create() {
    Holder holder;
    holder.process_ = AMBIT_TRY(os::clone_process({.flags = CLONE_NEWUSER}));
    if (holder.process_.pid == 0) {
      (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      while (true) (void)::pause();
    }
    return holder;
  }
  Holder(Holder&&) = default;
  Holder& operator=(Holder&&) = delete;
  ~Holder() {
    if (!process_.pidfd) return;
    (void)os::send_signal(process_.pidfd.get(), SIGKILL);
    (void)os::reap(process_.pidfd.get());
  }

  pid_t pid() const { return process_.pid; }

 private:
  Holder() = default;
  os::Process process_;
};

struct Plan {
  std::vector<IdExtent> uids;
  std::vector<IdExtent> gids;
  std::string note;
};

std::string user_name(uid_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

// Root's own default, where nobody gave it a range.
std::vector<IdRange> ranges_of(const char* file, uid_t uid) {
  const auto text = os::read_file_at(AT_FDCWD, file, kMaxIdFileBytes);
  std::vector<IdRange> ranges;
  if (text) ranges = parse_subordinate_ids(*text, user_name(uid), uid);
  if (ranges.empty() && uid == 0) ranges.push_back({.first = kRootFirstId, .count = kRootIdCount});
  return ranges;
}

std::string missing_ranges_note(const char* file, const std::vector<IdRange>& given) {
  const std::string name = user_name(::geteuid());
  if (!given.empty())
    return strf(
        "the subordinate ids of %s in %s (%s) are not in the user namespace that this "
        "runs in: containers have the single id 0. Give it more ids, or run outside of it",
        name.c_str(), file, describe(given).c_str());
  return strf(
      "%s has no subordinate ids in %s: containers have the single id 0. As root: "
      "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
      name.c_str(), file, name.c_str());
}

Result<Plan> plan_maps(int proc_self_fd) {
  const auto held_uids = AMBIT_TRY(os::read_id_map(proc_self_fd, IdKind::User));
  const auto held_gids = AMBIT_TRY(os::read_id_map(proc_self_fd, IdKind::Group));
  const auto given_uids = ranges_of("/etc/subuid", ::geteuid());
  const auto given_gids = ranges_of("/etc/subgid", ::geteuid());
  auto uids = held_ranges(given_uids, held_uids);
  auto gids = held_ranges(given_gids, held_gids);
  Plan plan;
  // One without the other would give files owners but no groups.
  if (uids.empty() || gids.empty()) {
    plan.note = uids.empty() ? missing_ranges_note("/etc/subuid", given_uids)
                             : missing_ranges_note("/etc/subgid", given_gids);
    uids.clear();
    gids.clear();
  }
  plan.uids = base_extents(::geteuid(), uids);
  plan.gids = base_extents(::getegid(), gids);
  return plan;
}

Result<void> write_map_directly(int proc_fd, const Plan& plan) {
  AMBIT_TRY(os::write_id_map(proc_fd, IdKind::User, plan.uids));
  return os::write_id_map(proc_fd, IdKind::Group, plan.gids);
}

// Without privileges a map may only name the user himself, and a group map only with setgroups
// denied (user_namespaces(7)).
Result<void> write_single_id(int proc_fd, const Plan& plan) {
  AMBIT_TRY(os::write_value_at(proc_fd, "setgroups", "deny"));
  return write_map_directly(proc_fd, plan);
}

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  return std::make_pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> run_map_helper(const std::string& name, pid_t pid,
                            const std::vector<IdExtent>& extents) {
  const std::string path = AMBIT_TRY(find_map_helper(name));
  UniqueFd program = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_PATH));
  auto [read_end, write_end] = AMBIT_TRY(make_pipe());
  os::SpawnOptions options;
  options.exe_fd = program.get();
  options.argv = {path, std::to_string(pid)};
  for (const IdExtent& extent : extents)
    for (const std::uint32_t number : {extent.inside, extent.outside, extent.count})
      options.argv.push_back(std::to_string(number));
  options.stderr_fd = write_end.get();
  const os::Process process = AMBIT_TRY(os::spawn(options));
  write_end.reset();
  const std::string words = AMBIT_TRY(os::read_all(read_end.get(), 65536));
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  if (status == 0) return {};
  // What keeps it from working is better told than what it says of it.
  AMBIT_TRY(check_map_helper(name));
  return Error(ErrorCode::HostUnsupported,
               path + " " + os::describe_wait_status(status) + ": " + std::string(trim(words)));
}

Result<void> write_maps(int proc_fd, pid_t pid, const Plan& plan) {
  if (::geteuid() == 0) return write_map_directly(proc_fd, plan);
  if (plan.uids.size() == 1) return write_single_id(proc_fd, plan);
  AMBIT_TRY(run_map_helper("newuidmap", pid, plan.uids));
  return run_map_helper("newgidmap", pid, plan.gids);
}

std::vector<spec::IdMapping> mappings(const std::vector<IdExtent>& extents) {
  std::vector<spec::IdMapping> result;
  for (const IdExtent& extent : extents)
    result.push_back(
        {.container_id = extent.inside, .host_id = extent.outside, .size = extent.count});
  return result;
}

// In a child of ours: joins the namespace and copies its maps into the pipe, the uid map first.
Result<void> report_maps(int userns_fd, int pipe_fd) {
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  AMBIT_TRY(os::join_namespaces(userns_fd, CLONE_NEWUSER, "the base user namespace"));
  for (const char* file : {"self/uid_map", "self/gid_map"}) {
    UniqueFd map = AMBIT_TRY(os::open_in_procfs(procfs.get(), file, O_RDONLY));
    const std::string text = AMBIT_TRY(os::read_all(map.get(), 65536));
    AMBIT_TRY(os::write_all(pipe_fd, text + "\n"));
  }
  return {};
}

}  // namespace

Result<BaseNamespace> make_base_userns() {
  UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  UniqueFd self = AMBIT_TRY(os::open_in_procfs(procfs.get(), "self", O_PATH | O_DIRECTORY));
  Plan plan = AMBIT_TRY(plan_maps(self.get()));
  auto holder = Holder::create();
  if (!holder) return explain_userns_failure(std::move(holder).error().context("base namespace"));
  UniqueFd proc = AMBIT_TRY(
      os::open_in_procfs(procfs.get(), std::to_string(holder->pid()), O_PATH | O_DIRECTORY));
  if (auto written = write_maps(proc.get(), holder->pid(), plan); !written)
    return explain_userns_failure(std::move(written).error().context("base namespace"));

  BaseNamespace base;
  base.userns = AMBIT_TRY(os::open_at(proc.get(), "ns/user", O_RDONLY));
  base.extents.uids = mappings(plan.uids);
  base.extents.gids = mappings(plan.gids);
  base.note = std::move(plan.note);
  return base;
}

Result<Extents> base_userns_extents(int userns_fd) {
  auto [read_end, write_end] = AMBIT_TRY(make_pipe());
  const os::Process process = AMBIT_TRY(os::clone_process({}));
  if (process.pid == 0) ::_exit(report_maps(userns_fd, write_end.get()) ? 0 : 1);
  write_end.reset();
  const auto text = os::read_all(read_end.get(), 2 * 65536);
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  if (!text) return text.error();
  if (status != 0)
    return Error(ErrorCode::InvalidArgument, "the descriptor is no user namespace of this user");
  Extents extents;
  std::vector<spec::IdMapping>* list = &extents.uids;
  for (const std::string& line : split(trim(*text), '\n')) {
    if (line.empty())
      list = &extents.gids;
    else
      list->push_back(mappings({AMBIT_TRY(os::parse_id_extent(line))}).front());
  }
  return extents;
}

}  // namespace ambit::sandbox
