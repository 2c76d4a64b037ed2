#include "registry/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "registry/user_files.h"

namespace ambit::registry {
namespace {

Error failed(const char* step) { return Error::from_errno(errno, step); }

std::vector<std::string> readable_paths() {
  std::vector<std::string> paths = {
      "/etc", "/usr", "/lib", "/lib64", "/run", "/dev/urandom", own_containers_dir() + "/certs.d"};
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR"})
    if (std::string path = environment(name); !path.empty()) paths.push_back(std::move(path));
  return paths;
}

Result<void> allow_reading(int rules_fd, const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return {};  // what is not there needs no rule
  landlock_path_beneath_attr rule = {};
  rule.parent_fd = fd.get();
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  if (::syscall(SYS_landlock_add_rule, rules_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
    return {};
  // A file takes no right of folders.
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  if (::syscall(SYS_landlock_add_rule, rules_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
    return failed("landlock_add_rule");
  return {};
}

Result<void> limit_files() {
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
      LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
      LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
      LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
      LANDLOCK_ACCESS_FS_MAKE_SYM;
  const UniqueFd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!rules && (errno == ENOSYS || errno == EOPNOTSUPP)) return {};
  if (!rules) return failed("landlock_create_ruleset");
  for (const std::string& path : readable_paths()) AMBIT_TRY(allow_reading(rules.get(), path));
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) < 0)
    return failed("landlock_restrict_self");
  return {};
}

// What no transfer needs; each is a way on for code that an answer took over.
constexpr int kForbiddenCalls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(personality),
};

Result<void> limit_system_calls() {
  const std::unique_ptr<void, void (*)(void*)> filter(::seccomp_init(SCMP_ACT_ALLOW),
                                                      ::seccomp_release);
  if (!filter) return Error(ErrorCode::Internal, "seccomp_init");
  for (const int call : kForbiddenCalls)
    if (const int r = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); r < 0)
      return Error::from_errno(-r, "seccomp_rule_add");
  const scmp_arg_cmp no_thread = {
      .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0};
  // clone3's flags are in memory, where no filter sees them; the C library goes on with clone.
  int r = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (r == 0)
    r = ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                 &no_thread);
  if (r < 0) return Error::from_errno(-r, "seccomp_rule_add");
  if (r = ::seccomp_load(filter.get()); r < 0)
    return Error::from_errno(-r, "loading the seccomp filter");
  return {};
}

}  // namespace

Result<void> confine() {
  const rlimit none = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) < 0) return failed("setrlimit RLIMIT_CORE");
  if (::prctl(PR_SET_DUMPABLE, 0) < 0) return failed("PR_SET_DUMPABLE");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed("PR_SET_PDEATHSIG");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("PR_SET_NO_NEW_PRIVS");
  AMBIT_TRY(limit_files());
  return limit_system_calls();
}

}  // namespace ambit::registry
