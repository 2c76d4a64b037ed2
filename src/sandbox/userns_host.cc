#include "sandbox/userns_host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::sandbox {
namespace {

constexpr char kSearchPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Error host_error(const std::string& text) { return Error(ErrorCode::HostUnsupported, text); }

// "" where the kernel doesn't have it.
std::string read_sysctl(const char* path) {
  const auto text = os::read_file_at(AT_FDCWD, path, 256);
  return text ? std::string(trim(*text)) : "";
}

// The value of "KEY:\tvalue" in /proc/self/status.
std::string own_status(std::string_view key) {
  const auto text = os::read_file_at(AT_FDCWD, "/proc/self/status", 65536);
  if (!text) return "";
  for (const std::string& line : split(*text, '\n'))
    if (line.size() > key.size() && line.compare(0, key.size(), key) == 0 &&
        line[key.size()] == ':')
      return std::string(trim(std::string_view(line).substr(key.size() + 1)));
  return "";
}

std::string own_executable() {
  const auto path = os::read_link_at(AT_FDCWD, "/proc/self/exe");
  return path ? *path : "/usr/local/bin/ambitd";
}

// What a hardened service takes from setuid programs.
Result<void> check_confinement(const std::string& name, int capability) {
  if (own_status("NoNewPrivs") == "1")
    return host_error(
        name +
        " can't work: NoNewPrivileges is in force for this process. In the unit that "
        "it runs in, remove NoNewPrivileges= and what implies it (for a user service: "
        "SystemCallFilter=, RestrictNamespaces=, ProtectKernelTunables=, ...)");
  const std::string bounding = own_status("CapBnd");
  const std::uint64_t bits = std::strtoull(bounding.c_str(), nullptr, 16);
  if (!bounding.empty() && (bits & (std::uint64_t{1} << capability)) == 0)
    return host_error(name + " can't work: the bounding set of this process lacks " +
                      (capability == CAP_SETUID ? "CAP_SETUID" : "CAP_SETGID") +
                      ". In the unit that it runs in, remove CapabilityBoundingSet=");
  return {};
}

}  // namespace

Error explain_userns_failure(Error error) {
  const int err = error.sys_errno();
  const std::string max = read_sysctl("/proc/sys/user/max_user_namespaces");
  if (max == "0" || err == ENOSPC || err == EUSERS)
    return std::move(error)
        .context("no more user namespaces: user.max_user_namespaces is " +
                 (max.empty() ? "unknown" : max) +
                 "; as root: sysctl -w user.max_user_namespaces=28633")
        .with_code(ErrorCode::HostUnsupported);
  // A filter that lets a libc fall back from clone3.
  if (err == ENOSYS)
    return std::move(error)
        .context(
            "a filter of system calls (seccomp) keeps clone3 away, as that of another container or "
            "a service's RestrictNamespaces= does")
        .with_code(ErrorCode::HostUnsupported);
  if (err != EPERM && err != EACCES) return error;
  if (read_sysctl("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return std::move(error)
        .context(
            "user namespaces are off for users; as root: "
            "sysctl -w kernel.unprivileged_userns_clone=1")
        .with_code(ErrorCode::HostUnsupported);
  if (read_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return std::move(error)
        .context(
            "AppArmor keeps user namespaces from programs without a profile; as root, put "
            "\"abi <abi/4.0>, include <tunables/global> profile ambit " +
            own_executable() +
            " flags=(unconfined) { userns, }\" into /etc/apparmor.d/ambit and load it with "
            "apparmor_parser -r /etc/apparmor.d/ambit, or: "
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
        .with_code(ErrorCode::HostUnsupported);
  return std::move(error).context(
      "the host refuses a user namespace (inside another container its seccomp profile may)");
}

Result<std::string> find_map_helper(const std::string& name) {
  for (const std::string& folder : split(kSearchPath, ':'))
    if (std::string path = folder + "/" + name; ::access(path.c_str(), X_OK) == 0) return path;
  return host_error(name + " is missing; as root: apt install uidmap (or shadow-utils)");
}

Result<void> check_map_helper(const std::string& name) {
  const std::string path = AMBIT_TRY(find_map_helper(name));
  const int capability = name == "newuidmap" ? CAP_SETUID : CAP_SETGID;
  AMBIT_TRY(check_confinement(name, capability));
  struct stat st = {};
  struct statvfs fs = {};
  if (::stat(path.c_str(), &st) < 0 || ::statvfs(path.c_str(), &fs) < 0)
    return Error::from_errno(errno, path);
  char value[64];
  const bool has_capability =
      ::getxattr(path.c_str(), "security.capability", value, sizeof value) > 0;
  const bool is_setuid = (st.st_mode & S_ISUID) != 0 && st.st_uid == 0;
  if (!is_setuid && !has_capability)
    return host_error(path + " has lost its privileges; as root: chmod u+s " + path +
                      ", or reinstall the package uidmap");
  if ((fs.f_flag & ST_NOSUID) != 0)
    return host_error(path + " is on a file system mounted nosuid; remount it suid");
  return {};
}

}  // namespace ambit::sandbox
