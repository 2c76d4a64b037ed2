#include "systemd/limit_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/strings.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "systemd/delegation.h"

namespace ambit::systemd {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr char kMount[] = "/sys/fs/cgroup";
constexpr char kSwap[] = "memory.swap.";

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A kernel that has it nowhere can't delegate it.
std::string kernel_hint(const std::string& controller) {
  const auto top = os::open_cgroup("/");
  if (!top) return "";
  const auto there = os::controllers((*top).get());
  if (!there || has(*there, controller)) return "";
  return strf(
      "%s/cgroup.controllers has no \"%s\" either: the kernel was booted without it "
      "(cgroup_disable=), or cgroup v1 has it; after that is mended, ",
      kMount, controller.c_str());
}

Error not_delegated(const std::string& controller, const std::string& file,
                    const std::string& group) {
  return Error(ErrorCode::HostUnsupported,
               strf("%s can't be limited: the user manager was not given the cgroup controller "
                    "\"%s\" (%s%s/cgroup.controllers): ",
                    file.c_str(), controller.c_str(), kMount, group.c_str()) +
                   kernel_hint(controller) + delegation_fix());
}

Error missing_file(int cgroup_fd, const std::string& group, const spec::LimitLine& line) {
  const std::string controller = spec::controller_of(line.file);
  const auto there = os::controllers(cgroup_fd);
  if (there && !has(*there, controller)) return not_delegated(controller, line.file, group);
  const char* why = std::string_view(line.file).starts_with(kSwap)
                        ? "the kernel counts no swap; boot with swapaccount=1, or ask for "
                          "MemorySwapMax=infinity"
                        : "the kernel was built without it";
  return Error(ErrorCode::HostUnsupported,
               strf("no file %s in %s%s: %s", line.file.c_str(), kMount, group.c_str(), why));
}

Result<void> check_line(int cgroup_fd, const std::string& group, const spec::LimitLine& line) {
  const auto content = os::read_file_at(cgroup_fd, line.file, kMaxFileBytes);
  if (!content) {
    if (content.error().sys_errno() != ENOENT) return content.error();
    if (spec::is_unlimited(line)) return {};
    if (!line.unless_file.empty() && ::faccessat(cgroup_fd, line.unless_file.c_str(), F_OK, 0) == 0)
      return {};
    return missing_file(cgroup_fd, group, line);
  }
  if (spec::is_in_force(line, *content)) return {};
  const std::string asked =
      line.value.empty() ? "a share of the machine" : "\"" + line.value + "\"";
  const std::string unit = group.substr(group.rfind('/') + 1);
  const char* why = line.check == spec::LimitCheck::Cpus
                        ? "the machine may have no such number, or a drop-in of the unit says "
                          "otherwise"
                        : "a drop-in of the unit may say otherwise";
  return Error(ErrorCode::HostUnsupported,
               strf("%s of %s%s is \"%s\" where %s was asked for: %s (systemctl --user cat %s)",
                    line.file.c_str(), kMount, group.c_str(), std::string(trim(*content)).c_str(),
                    asked.c_str(), why, unit.c_str()));
}

}  // namespace

Result<void> check_controllers(const std::string& manager_group,
                               const std::vector<spec::LimitLine>& lines) {
  std::vector<std::string> there;
  for (const spec::LimitLine& line : lines) {
    if (spec::is_unlimited(line)) continue;
    if (there.empty()) {
      const UniqueFd group = AMBIT_TRY(os::open_cgroup(manager_group));
      there = AMBIT_TRY(os::controllers(group.get()));
    }
    const std::string controller = spec::controller_of(line.file);
    if (!has(there, controller)) return not_delegated(controller, line.file, manager_group);
  }
  return {};
}

Result<void> check_in_force(const std::string& control_group,
                            const std::vector<spec::LimitLine>& lines) {
  if (lines.empty()) return {};
  const UniqueFd group = AMBIT_TRY(os::open_cgroup(control_group));
  return check_in_force_at(group.get(), control_group, lines);
}

Result<void> check_in_force_at(int cgroup_fd, const std::string& control_group,
                               const std::vector<spec::LimitLine>& lines) {
  for (const spec::LimitLine& line : lines)
    AMBIT_TRY(check_line(cgroup_fd, control_group, line).context("limiting the container"));
  return {};
}

}  // namespace ambit::systemd
