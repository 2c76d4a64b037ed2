#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "support/attacker/attack.h"

namespace attacker {
namespace {

constexpr int kVsock = 40;

#if defined(__x86_64__)

struct ForeignCall {
  const char* name;
  long number;
  long first;
  long second;
};

// By the numbers of i386, with arguments that a kernel without a filter would let pass or refuse
// with another errno than ENOSYS.
constexpr ForeignCall kCompatCalls[] = {
    {"getpid", 20, 0, 0},
    {"mount", 21, 0, 0},
    {"ioctl TIOCSTI", 54, 0, TIOCSTI},
    {"clone", 120, CLONE_NEWUSER | SIGCHLD, 0},
    {"pivot_root", 217, 0, 0},
    {"add_key", 286, 0, 0},
    {"keyctl", 288, 0, 0},
    {"unshare", 310, CLONE_NEWUSER, 0},
    {"open_by_handle_at", 342, -1, 0},
    {"setns", 346, 0, 0},
    {"bpf", 357, 0, 0},
    {"socket AF_VSOCK", 359, kVsock, SOCK_STREAM},
};

// x32: a bit of the number, and some calls with numbers of their own.
constexpr long kX32 = 0x40000000;
constexpr ForeignCall kX32Calls[] = {
    {"getpid", kX32 | SYS_getpid, 0, 0},
    {"mount", kX32 | SYS_mount, 0, 0},
    {"ioctl TIOCSTI", kX32 | 514, 0, TIOCSTI},
    {"keyctl", kX32 | SYS_keyctl, 0, 0},
    {"unshare", kX32 | SYS_unshare, CLONE_NEWUSER, 0},
    {"setns", kX32 | SYS_setns, 0, 0},
};

long call_compat(const ForeignCall& call) {
  long result = call.number;
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(call.first), "c"(call.second), "d"(0L), "S"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int>(result);
}

long call_x32(const ForeignCall& call) {
  const long result = ::syscall(call.number, call.first, call.second, 0, 0, 0);
  return result < 0 ? -errno : result;
}

// In a child, which a filter may kill: the errno, ENOSYS for a kill.
int errno_of(const ForeignCall& call, long (*make)(const ForeignCall&)) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const long result = make(call);
    // A clone that went through returns here twice, the second time with another parent.
    ::_exit(::getppid() == parent && result < 0 ? static_cast<int>(-result) : 0);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return 0;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return ENOSYS;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

#endif

// Types a letter into `fd`, if it is a terminal; with each value that means TIOCSTI to the kernel.
bool types_into(int fd) {
  for (const std::uint64_t high :
       {std::uint64_t{0}, std::uint64_t{1} << 32, ~std::uint64_t{0} << 32})
    if (::syscall(SYS_ioctl, fd, high | TIOCSTI, "x") == 0) return true;
  return false;
}

constexpr const char* kKernelFiles[] = {
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hotplug",
    "/proc/sys/kernel/panic",
    "/proc/sys/vm/panic_on_oom",
    "/proc/sys/fs/binfmt_misc/register",
    // Root of the container could write these two, if they weren't read-only.
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/kernel/shmmax",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/proc/kcore",
    "/proc/kmsg",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/power/state",
    "/sys/fs/cgroup/release_agent",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/cgroup.kill",
    "/sys/fs/cgroup/cgroup.subtree_control",
    "/sys/fs/cgroup/../cgroup/memory.max",
    "/dev/mem",
    "/dev/kmsg",
};

// "cap_chown=ei" as security.capability has it, version 2.
int set_file_capability(const char* path) {
  vfs_cap_data data = {};
  data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  data.data[0].inheritable = 1U << CAP_CHOWN;
  return ::setxattr(path, "security.capability", &data, sizeof data, 0);
}

bool copy_file(const char* from, const char* to) {
  const int in = ::open(from, O_RDONLY | O_CLOEXEC);
  const int out = ::open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  ssize_t n = in >= 0 && out >= 0 ? 1 : -1;
  while (n > 0) n = ::sendfile(out, in, nullptr, std::size_t{1} << 20);
  if (in >= 0) (void)::close(in);
  if (out >= 0) (void)::close(out);
  return n == 0;
}

}  // namespace

int foreign_calls(const Arguments&) {
#if defined(__x86_64__)
  for (const ForeignCall& call : kCompatCalls)
    if (const int err = errno_of(call, call_compat); err != ENOSYS)
      return escaped("i386 %s: errno %d instead of ENOSYS", call.name, err);
  for (const ForeignCall& call : kX32Calls)
    if (const int err = errno_of(call, call_x32); err != ENOSYS)
      return escaped("x32 %s: errno %d instead of ENOSYS", call.name, err);
  return held("%s", "every foreign call is one that the kernel doesn't have");
#else
  return not_tried("this machine has no foreign ABI");
#endif
}

// type-ahead: into every terminal that there is.
int type_ahead(const Arguments&) {
  for (const char* path : {"/dev/tty", "/dev/console", "/dev/pts/0", "/dev/pts/1"})
    (void)::open(path, O_RDWR | O_NONBLOCK);
  int terminals = 0;
  for (int fd = 0; fd < 64; ++fd) {
    if (types_into(fd))
      return escaped("typed into %s", link_target(format("/proc/self/fd/%d", fd)).c_str());
    if (::isatty(fd) != 0) ++terminals;
  }
  return held("%d terminals", terminals);
}

int keyrings(const Arguments&) {
  if (::syscall(SYS_add_key, "user", "attack", "x", 1, KEY_SPEC_USER_KEYRING) >= 0)
    return escaped("a key in the user's keyring");
  for (const int ring :
       {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING})
    if (::syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, nullptr, 0) >= 0)
      return escaped("keyring %d can be described", ring);
  if (::syscall(SYS_request_key, "user", "attack", nullptr, 0) >= 0)
    return escaped("a key was requested");
  for (const char* path : {"/proc/keys", "/proc/key-users"})
    if (!read_file(path).empty()) return escaped("%s can be read", path);
  return held("no keys");
}

int write_kernel_files(const Arguments&) {
  for (const char* path : kKernelFiles)
    if (::open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
      return escaped("%s can be written", path);
  return held("none can be written");
}

// mount-cgroups: with CAP_SYS_ADMIN a cgroup file system can be mounted that may be written; what
// is above this container's own cgroup is not in it.
int mount_cgroups(const Arguments&) {
  if (::mkdir("/tmp/cg", 0755) < 0 && errno != EEXIST) return cant("/tmp/cg");
  if (::mount("cgroup2", "/tmp/cg", "cgroup2", 0, nullptr) < 0) return cant("mount");
  if (::access("/tmp/cg/cgroup.type", F_OK) != 0) return escaped("the root of all cgroups is here");
  if (read_file("/tmp/cg/cgroup.procs").find("1\n") != 0)
    return escaped("the cgroup is not that of this container");
  for (const char* path : {"/tmp/cg/../supervisor/cgroup.procs", "/tmp/cg/supervisor/cgroup.procs",
                           "/tmp/cg/release_agent", "/tmp/cg/notify_on_release"})
    if (::access(path, F_OK) == 0) return escaped("%s is here", path);
  return held("only the container's own");
}

// inherit: as an ordinary user, executes a file that has a capability in its inheritable set.
int inherit(const Arguments& arguments) {
  constexpr char kCopy[] = "/tmp/inherit";
  if (!arguments.empty()) {
    const std::string status = read_file("/proc/self/status");
    const std::size_t at = status.find("CapEff:\t");
    const std::string effective = status.substr(at + 8, 16);
    if (effective != "0000000000000000") return escaped("capabilities %s", effective.c_str());
    return held("no capability was inherited");
  }
  if (!copy_file("/proc/self/exe", kCopy)) return cant("copying");
  if (set_file_capability(kCopy) < 0) return cant("security.capability");
  struct statvfs fs = {};
  if (::statvfs(kCopy, &fs) < 0 || (fs.f_flag & ST_NOSUID) != 0)
    return not_tried("%s gives no capabilities to anybody", kCopy);
  constexpr id_t kNobody = 65534;
  if (::setresgid(kNobody, kNobody, kNobody) < 0 || ::setresuid(kNobody, kNobody, kNobody) < 0)
    return cant("setresuid");
  (void)::execl(kCopy, kCopy, "inherit", "inside", nullptr);
  return cant("execl");
}

}  // namespace attacker
