#include "sandbox/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "base/strings.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/procfs.h"

namespace ambit::sandbox {
namespace {

constexpr std::size_t kMaxMapBytes = 65536;
constexpr const char* kFiles[] = {"self/uid_map", "self/gid_map", "self/setgroups"};

// In a child of ours: joins the namespace and copies its maps and its word on setgroups into the
// pipe, an empty line after each.
Result<void> report_maps(int userns_fd, int pipe_fd) {
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  AMBIT_TRY(os::join_namespaces(userns_fd, CLONE_NEWUSER, "user namespace"));
  for (const char* file : kFiles) {
    const UniqueFd map = AMBIT_TRY(os::open_in_procfs(procfs.get(), file, O_RDONLY));
    const std::string text = AMBIT_TRY(os::read_all(map.get(), kMaxMapBytes));
    AMBIT_TRY(os::write_all(pipe_fd, text + "\n"));
  }
  return {};
}

Result<UsernsMaps> parse_report(const std::string& text) {
  UsernsMaps maps;
  int part = 0;
  for (const std::string& line : split(trim(text), '\n')) {
    if (line.empty())
      ++part;
    else if (part == 2)
      maps.setgroups_allowed = line == "allow";
    else
      (part == 0 ? maps.uids : maps.gids).push_back(AMBIT_TRY(os::parse_id_extent(line)));
  }
  return maps;
}

}  // namespace

Result<UsernsHolder> UsernsHolder::create() {
  UsernsHolder holder;
  holder.process_ = AMBIT_TRY(os::clone_process({.flags = CLONE_NEWUSER}));
  if (holder.process_.pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (true) (void)::pause();
  }
  return holder;
}

UsernsHolder::~UsernsHolder() {
  if (!process_.pidfd) return;
  (void)os::send_signal(process_.pidfd.get(), SIGKILL);
  (void)os::reap(process_.pidfd.get());
}

Result<UsernsMaps> read_userns_maps(int userns_fd) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const os::Process process = AMBIT_TRY(os::clone_process({}));
  if (process.pid == 0) ::_exit(report_maps(userns_fd, write_end.get()) ? 0 : 1);
  write_end.reset();
  const auto text = os::read_all(read_end.get(), std::size(kFiles) * kMaxMapBytes);
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  if (!text) return text.error();
  if (status != 0)
    return Error(ErrorCode::InvalidArgument, "the descriptor is no user namespace of this user");
  return parse_report(*text);
}

Result<UniqueFd> make_userns(const std::vector<os::IdExtent>& uids,
                             const std::vector<os::IdExtent>& gids) {
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  const UsernsHolder holder = AMBIT_TRY(UsernsHolder::create());
  const UniqueFd process = AMBIT_TRY(
      os::open_in_procfs(procfs.get(), std::to_string(holder.pid()), O_PATH | O_DIRECTORY));
  AMBIT_TRY(os::write_id_map(process.get(), os::IdKind::User, uids));
  AMBIT_TRY(os::write_id_map(process.get(), os::IdKind::Group, gids));
  return os::open_at(process.get(), "ns/user", O_RDONLY);
}

}  // namespace ambit::sandbox
