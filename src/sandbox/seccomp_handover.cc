#include "sandbox/seccomp_handover.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <new>

// The thread's code runs on a stack that no sanitizer knows.
#define AMBIT_OF_THREAD [[gnu::no_sanitize_address]]

namespace ambit::sandbox {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kGuardBytes = 4096 * 16;  // a page, whatever its size
constexpr int kSendTimeoutMsec = 10000;
constexpr long kSleepNsec = 20000;

constexpr int kPending = -1;
constexpr int kCancelled = -2;

void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

struct SeccompHandover::Shared {
  std::atomic<int> notify_fd{kPending};
  std::atomic<int> result{kPending};  // errno, when the thread is through
  std::atomic<pid_t> tid{0};          // cleared by the kernel when the thread has ended
  int socket_fd = -1;
  iovec bytes{};
  msghdr message{};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
};

namespace {

AMBIT_OF_THREAD int wait_writable(int socket_fd) {
  pollfd poll_fd = {.fd = socket_fd, .events = POLLOUT, .revents = 0};
  const int result = ::poll(&poll_fd, 1, kSendTimeoutMsec);
  if (result < 0) return errno == EINTR ? 0 : errno;
  return result == 0 ? ETIMEDOUT : 0;
}

// The descriptor goes with the first byte.
AMBIT_OF_THREAD int send_all(int socket_fd, msghdr& message) {
  iovec& bytes = *message.msg_iov;
  do {
    const ssize_t sent = ::sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return errno;
    if (sent < 0) {
      if (const int err = wait_writable(socket_fd); err != 0) return err;
      continue;
    }
    bytes.iov_base = static_cast<char*>(bytes.iov_base) + sent;
    bytes.iov_len -= static_cast<std::size_t>(sent);
    message.msg_control = nullptr;
    message.msg_controllen = 0;
  } while (bytes.iov_len > 0);
  return 0;
}

void prepare_message(const SeccompListener& listener, iovec& bytes, msghdr& message, char* control,
                     std::size_t control_size) {
  bytes = {.iov_base = const_cast<char*>(listener.message.data()),
           .iov_len = listener.message.size()};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = control_size;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
}

// A signal handler must not run on the thread.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    (void)::sigprocmask(SIG_SETMASK, &all, &before_);  // can't fail with these arguments
  }
  ~AllSignalsBlocked() { (void)::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// errno is the caller's too, who doesn't look at it while this runs, and sets it only where
// seccomp(2) fails, when nothing here does.
AMBIT_OF_THREAD int SeccompHandover::run(void* argument) {
  Shared& shared = *static_cast<Shared*>(argument);
  (void)::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // of this thread alone
  const timespec sleep = {.tv_sec = 0, .tv_nsec = kSleepNsec};
  int notify_fd = kPending;
  while ((notify_fd = shared.notify_fd.load(std::memory_order_acquire)) == kPending)
    (void)::nanosleep(&sleep, nullptr);
  if (notify_fd == kCancelled) return 0;
  std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&shared.message)), &notify_fd, sizeof notify_fd);
  const int err = send_all(shared.socket_fd, shared.message);
  (void)::close(notify_fd);
  (void)::close(shared.socket_fd);
  shared.result.store(err, std::memory_order_release);
  return 0;
}

Result<SeccompHandover> SeccompHandover::start(const SeccompListener& listener) {
  constexpr const char* kWhat = "starting the seccomp listener's thread: ";
  if (listener.message.empty())
    return Error(ErrorCode::InvalidArgument, "a seccomp listener without a message");
  const std::size_t size = kGuardBytes + kStackBytes + sizeof(Shared);
  void* mapping = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return Error::from_errno(errno, std::string(kWhat) + "mmap");
  char* stack_end = static_cast<char*>(mapping) + kGuardBytes + kStackBytes;
  auto* shared = new (stack_end) Shared;
  SeccompHandover handover(shared);
  shared->socket_fd = listener.socket_fd;
  prepare_message(listener, shared->bytes, shared->message, shared->control,
                  sizeof shared->control);
  int err = ::mprotect(mapping, kGuardBytes, PROT_NONE) < 0 ? errno : 0;
  if (err == 0) {
    const AllSignalsBlocked blocked;
    constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                           CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    if (::clone(&SeccompHandover::run, stack_end, kFlags, shared, &shared->tid, nullptr,
                &shared->tid) < 0)
      err = errno;
  }
  if (err != 0) {
    (void)::munmap(mapping, size);
    return Error::from_errno(err, std::string(kWhat) + "clone");
  }
  return handover;
}

Result<void> SeccompHandover::finish(int notify_fd) {
  shared_->notify_fd.store(notify_fd, std::memory_order_release);
  int err = kPending;
  while ((err = shared_->result.load(std::memory_order_acquire)) == kPending) pause_processor();
  if (err != 0) return Error::from_errno(err, "sending the seccomp notify descriptor: sendmsg");
  return {};
}

void SeccompHandover::cancel() {
  shared_->notify_fd.store(kCancelled, std::memory_order_release);
  pid_t tid = 0;
  while ((tid = shared_->tid.load(std::memory_order_acquire)) != 0)
    (void)::syscall(SYS_futex, &shared_->tid, FUTEX_WAIT, tid, nullptr, nullptr, 0);
  (void)::munmap(reinterpret_cast<char*>(shared_) - kStackBytes - kGuardBytes,
                 kGuardBytes + kStackBytes + sizeof(Shared));
}

}  // namespace ambit::sandbox
