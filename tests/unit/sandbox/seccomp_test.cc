#include <gtest/gtest.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "sandbox/capabilities.h"
#include "sandbox/seccomp.h"
#include "sandbox/seccomp_profile.h"

namespace ambit::sandbox {
namespace {

constexpr int kNotFiltered = 200;

// The errno of a call made below the default profile for these capabilities, as a process without
// rights; 0 for success.
int errno_below(const std::vector<std::string>& capabilities, const std::function<long()>& call) {
  const auto filter = compile_default_seccomp(capabilities);
  EXPECT_TRUE(filter) << filter.error().message();
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !install_seccomp(*filter))
      ::_exit(kNotFiltered);
    ::_exit(call() < 0 ? errno : 0);
  }
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int errno_below(const std::function<long()>& call) {
  return errno_below(default_capabilities(), call);
}

TEST(SeccompTest, UnknownCallsAreNotImplemented) {
  EXPECT_EQ(errno_below([] { return ::syscall(4000); }), ENOSYS);
  EXPECT_EQ(errno_below([] { return ::syscall(425 /*io_uring_setup*/, 1, nullptr); }), ENOSYS);
  EXPECT_EQ(errno_below([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
}

TEST(SeccompTest, DeliberateDenialsAreNotPermitted) {
  for (const long number : {SYS_keyctl,          SYS_add_key,     SYS_bpf,
                            SYS_perf_event_open, SYS_userfaultfd, SYS_open_by_handle_at,
                            SYS_kexec_load,      SYS_init_module, SYS_swapon,
                            SYS_reboot,          SYS_acct,        SYS_settimeofday,
                            SYS_clock_settime,   SYS_quotactl,    SYS_mount,
                            SYS_umount2,         SYS_pivot_root,  SYS_setns,
                            SYS_unshare,         SYS_fsopen,      SYS_open_tree,
                            SYS_syslog})
    EXPECT_EQ(errno_below([&] { return ::syscall(number, 0, 0, 0, 0, 0); }), EPERM) << number;
}

TEST(SeccompTest, OrdinaryCallsPass) {
  EXPECT_EQ(errno_below([] { return ::syscall(SYS_getpid); }), 0);
  // Newer than the libseccomp that the profile is made with.
  EXPECT_NE(errno_below([] { return ::syscall(452 /*fchmodat2*/, -1, "", 0, 0); }), EPERM);
  EXPECT_EQ(errno_below([] { return ::syscall(SYS_chroot, nullptr); }), EFAULT);
  EXPECT_EQ(errno_below([] { return static_cast<long>(::socket(AF_UNIX, SOCK_STREAM, 0)); }), 0);
}

TEST(SeccompTest, NewNamespacesAreDeniedInClone) {
  for (const int flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                         CLONE_NEWUTS, CLONE_NEWCGROUP})
    EXPECT_EQ(errno_below([&] {
                return ::syscall(SYS_clone, flag | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
              }),
              EPERM)
        << flag;
  EXPECT_EQ(errno_below([] {
              const long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
              if (pid == 0) ::_exit(0);
              return pid;
            }),
            0);
}

// The kernel looks at the low 32 bits of an int: the high half must not matter to the filter.
TEST(SeccompTest, HighBitsDontHideADeniedArgument) {
  for (const unsigned long high : {0UL, 1UL << 32, 0xffffffffUL << 32}) {
    EXPECT_EQ(errno_below([&] { return ::syscall(SYS_ioctl, -1, high | TIOCSTI, "x"); }), EPERM);
    EXPECT_EQ(errno_below([&] { return ::syscall(SYS_socket, high | AF_VSOCK, SOCK_STREAM, 0); }),
              EPERM);
    EXPECT_EQ(errno_below([&] { return ::syscall(SYS_personality, high | 0x0040000); }), EPERM);
    EXPECT_EQ(errno_below([&] { return ::syscall(SYS_personality, high | 0xffffffff); }), 0);
  }
  EXPECT_EQ(errno_below([] { return ::syscall(SYS_ioctl, -1, TCGETS, nullptr); }), EBADF);
}

TEST(SeccompTest, CapabilitiesOpenWhatTheyAreFor) {
  EXPECT_EQ(errno_below({"CAP_SYS_ADMIN"}, [] { return ::syscall(SYS_umount2, nullptr, 0x1000); }),
            EINVAL);
  EXPECT_EQ(errno_below({"CAP_SYS_ADMIN"}, [] { return ::syscall(SYS_clone3, nullptr, 0); }),
            EINVAL);
  EXPECT_EQ(errno_below({"CAP_SYS_ADMIN"}, [] { return ::syscall(SYS_keyctl, 0, 0); }), EPERM);
  EXPECT_EQ(errno_below({"CAP_BPF"}, [] { return ::syscall(SYS_bpf, 999, nullptr, 0); }), EINVAL);
  EXPECT_EQ(errno_below({}, [] { return ::syscall(SYS_chroot, nullptr); }), EPERM);
}

#if defined(__x86_64__)
TEST(SeccompTest, ForeignAbisAreClosed) {
  constexpr long kX32Bit = 0x40000000;
  EXPECT_EQ(errno_below([] { return ::syscall(kX32Bit | SYS_getpid); }), ENOSYS);
  EXPECT_EQ(errno_below([] { return ::syscall(kX32Bit | SYS_ioctl, -1, TIOCSTI, "x"); }), ENOSYS);
  // getpid of i386, which is number 20.
  EXPECT_EQ(errno_below([] {
              long result = 20;
              __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
              errno = static_cast<int>(-result);
              return result < 0 ? -1L : 0L;
            }),
            ENOSYS);
}
#endif

TEST(SeccompTest, BytesThatAreNoFilterAreRefused) {
  EXPECT_EQ(install_seccomp("").error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(install_seccomp("1234567").error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace ambit::sandbox
