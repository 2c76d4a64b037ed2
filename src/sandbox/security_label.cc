#include "sandbox/security_label.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "os/file.h"
#include "os/procfs.h"

namespace ambit::sandbox {
namespace {

constexpr char kAppArmorEnabled[] = "/sys/module/apparmor/parameters/enabled";
constexpr char kSelinuxEnforce[] = "/sys/fs/selinux/enforce";

// The module's own file where modules are stacked (Linux 5.8), else the one that they share.
Result<void> write_exec_attribute(int procfs_fd, const char* own, const std::string& text) {
  auto written = os::write_in_procfs(procfs_fd, own, text);
  if (written || written.error().code() != ErrorCode::NotFound) return written;
  return os::write_in_procfs(procfs_fd, "thread-self/attr/exec", text);
}

}  // namespace

bool has_apparmor() {
  const auto text = os::read_file_at(AT_FDCWD, kAppArmorEnabled, 16);
  return text && (*text).substr(0, 1) == "Y";
}

bool has_selinux() { return ::access(kSelinuxEnforce, F_OK) == 0; }

Result<void> check_security_labels(const spec::ProcessSpec& process) {
  if (!process.apparmor_profile.empty() && process.apparmor_profile != "unconfined" &&
      !has_apparmor())
    return Error(ErrorCode::HostUnsupported, "the AppArmor profile '" + process.apparmor_profile +
                                                 "': AppArmor is not enabled on this host");
  if (!process.selinux_label.empty() && !has_selinux())
    return Error(ErrorCode::HostUnsupported, "the SELinux label '" + process.selinux_label +
                                                 "': SELinux is not enabled on this host");
  return {};
}

Result<void> set_security_labels(const spec::ProcessSpec& process) {
  const bool has_profile = !process.apparmor_profile.empty() && has_apparmor();
  if (!has_profile && process.selinux_label.empty()) return {};
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  if (has_profile)
    AMBIT_TRY(write_exec_attribute(procfs.get(), "thread-self/attr/apparmor/exec",
                                   "exec " + process.apparmor_profile)
                  .context("AppArmor profile " + process.apparmor_profile));
  if (!process.selinux_label.empty())
    AMBIT_TRY(
        write_exec_attribute(procfs.get(), "thread-self/attr/selinux/exec", process.selinux_label)
            .context("SELinux label " + process.selinux_label));
  return {};
}

}  // namespace ambit::sandbox
