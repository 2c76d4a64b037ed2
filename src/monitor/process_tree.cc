#include "monitor/process_tree.h"

#include <fcntl.h>

#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/process.h"

namespace ambit::monitor {
namespace {

constexpr std::size_t kMaxStatBytes = 4096;
constexpr int kMaxRounds = 64;

struct Relatives {
  std::int64_t parent = 0;
  std::int64_t session = 0;
};

// proc_pid_stat(5): the command's name is in parentheses and may have any byte.
Result<Relatives> relatives_of(pid_t pid) {
  const std::string text = AMBIT_TRY(
      os::read_file_at(AT_FDCWD, strf("/proc/%d/stat", static_cast<int>(pid)), kMaxStatBytes));
  const std::size_t end = text.rfind(')');
  const auto fields = end == std::string::npos || end + 2 > text.size()
                          ? std::vector<std::string>()
                          : split(std::string_view(text).substr(end + 2), ' ');
  if (fields.size() < 4) return Error(ErrorCode::Corrupt, "proc_pid_stat(5) of another form");
  Relatives relatives;
  relatives.parent = AMBIT_TRY(parse_int(fields[1]));
  relatives.session = AMBIT_TRY(parse_int(fields[3]));
  return relatives;
}

// Adds those that belong to the tree and were not known; false where there were none.
Result<bool> add_new(std::map<std::int64_t, UniqueFd>& tree, pid_t root,
                     const std::string& cgroup) {
  bool has_grown = false;
  for (const pid_t pid : AMBIT_TRY(os::processes_below(cgroup))) {
    if (tree.count(pid) != 0) continue;
    // The descriptor first: what is read afterwards is about that process or about none.
    auto pidfd = os::open_pidfd(pid);
    auto relatives = relatives_of(pid);
    if (!pidfd || !relatives) continue;
    if (relatives->session != root && tree.count(relatives->parent) == 0) continue;
    (void)os::send_signal(pidfd->get(), SIGSTOP);
    tree.emplace(pid, *std::move(pidfd));
    has_grown = true;
  }
  return has_grown;
}

}  // namespace

Result<void> kill_tree(pid_t root, const std::string& cgroup) {
  std::map<std::int64_t, UniqueFd> tree;
  UniqueFd pidfd = AMBIT_TRY(os::open_pidfd(root));
  (void)os::send_signal(pidfd.get(), SIGSTOP);
  tree.emplace(root, std::move(pidfd));
  bool has_grown = true;
  for (int round = 0; has_grown && round < kMaxRounds; ++round)
    has_grown = AMBIT_TRY(add_new(tree, root, cgroup));
  for (const auto& [pid, fd] : tree) (void)os::send_signal(fd.get(), SIGKILL);
  return {};
}

}  // namespace ambit::monitor
