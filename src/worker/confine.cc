#include "worker/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "os/file.h"

namespace ambit::worker {
namespace {

constexpr rlim_t kMaxDataBytes = rlim_t{768} << 20;
constexpr rlim_t kWantedDescriptors = 65536;

Error failed(const char* step) { return Error::from_errno(errno, step); }

Result<void> enter_user_namespace(int user_ns_fd, Groups groups) {
  if (::setns(user_ns_fd, CLONE_NEWUSER) < 0) return failed("joining the user namespace");
  // Where the namespace was made without newgidmap, setgroups(2) is forbidden for good; then the
  // groups can't be used to get around a group's denial either.
  auto setgroups = os::read_file_at(AT_FDCWD, "/proc/self/setgroups", 64);
  const bool denied = setgroups && setgroups->starts_with("deny");
  if (groups == Groups::Dropped && !denied && ::setgroups(0, nullptr) < 0)
    return failed("dropping the groups");
  if (::setresgid(0, 0, 0) < 0) return failed("becoming group 0 of the user namespace");
  if (::setresuid(0, 0, 0) < 0) return failed("becoming user 0 of the user namespace");
  return {};
}

// The old root stays mounted only under the descriptors that were opened before.
Result<void> enter_empty_root() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) < 0) return failed("unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    return failed("making the mounts private");
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  constexpr char kNewRoot[] = "/proc";  // every Linux has the folder; what it holds is done with
  if (::mount("tmpfs", kNewRoot, "tmpfs", kFlags, "size=4k,mode=0555") < 0)
    return failed("mounting an empty root");
  if (::chdir(kNewRoot) < 0) return failed("chdir to the empty root");
  if (::syscall(SYS_pivot_root, ".", ".") < 0) return failed("pivot_root");
  if (::umount2(".", MNT_DETACH) < 0) return failed("detaching the old root");
  if (::chdir("/") < 0) return failed("chdir /");
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kFlags, nullptr) < 0)
    return failed("making the empty root read-only");
  return {};
}

Result<void> set_limits() {
  const rlimit none = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) < 0) return failed("setrlimit RLIMIT_CORE");
  rlimit files = {};
  if (::getrlimit(RLIMIT_NOFILE, &files) < 0) return failed("getrlimit RLIMIT_NOFILE");
  files.rlim_cur = std::min(files.rlim_max, kWantedDescriptors);
  if (::setrlimit(RLIMIT_NOFILE, &files) < 0) return failed("setrlimit RLIMIT_NOFILE");
#if !defined(__SANITIZE_ADDRESS__)  // whose shadow memory is terabytes of address space
  const rlimit data = {kMaxDataBytes, kMaxDataBytes};
  if (::setrlimit(RLIMIT_DATA, &data) < 0) return failed("setrlimit RLIMIT_DATA");
#endif
  return {};
}

constexpr std::uint32_t bit(int capability) { return std::uint32_t{1} << capability; }

Result<void> drop_capabilities() {
  constexpr std::uint32_t kKept = bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) |
                                  bit(CAP_DAC_READ_SEARCH) | bit(CAP_FOWNER) | bit(CAP_FSETID) |
                                  bit(CAP_SETFCAP);
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return failed("clearing the ambient capabilities");
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> data = {{{kKept, kKept, 0}, {0, 0, 0}}};
  if (::syscall(SYS_capset, &header, data.data()) < 0) return failed("capset");
  return {};
}

// What nothing in the job needs; each is a way out for code that an archive took over.
constexpr int kForbiddenCalls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_open),
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
    SCMP_SYS(fsconfig),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(kcmp),
    SCMP_SYS(personality),
    SCMP_SYS(quotactl),
    SCMP_SYS(ioctl),
};

Result<void> limit_system_calls() {
  const std::unique_ptr<void, void (*)(void*)> filter(::seccomp_init(SCMP_ACT_ALLOW),
                                                      ::seccomp_release);
  if (!filter) return Error(ErrorCode::Internal, "seccomp_init");
  for (const int call : kForbiddenCalls)
    if (const int r = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); r < 0)
      return Error::from_errno(-r, "seccomp_rule_add");
  if (const int r = ::seccomp_load(filter.get()); r < 0)
    return Error::from_errno(-r, "loading the seccomp filter");
  return {};
}

}  // namespace

Result<image::IdMaps> confine(int user_ns_fd, Groups groups) {
  (void)::umask(0);
  AMBIT_TRY(enter_user_namespace(user_ns_fd, groups).context("confining the worker"));
  image::IdMaps maps = AMBIT_TRY(image::own_id_maps().context("confining the worker"));
  AMBIT_TRY(enter_empty_root().context("confining the worker"));
  AMBIT_TRY(set_limits().context("confining the worker"));
  // Both are cleared by a change of ids, so they come after it.
  if (::prctl(PR_SET_DUMPABLE, 0) < 0) return failed("confining the worker: PR_SET_DUMPABLE");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed("confining the worker: PDEATHSIG");
  AMBIT_TRY(drop_capabilities().context("confining the worker"));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return failed("confining the worker: no_new_privs");
  AMBIT_TRY(limit_system_calls().context("confining the worker"));
  return maps;
}

}  // namespace ambit::worker
