#include "monitor/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "os/socket.h"

namespace ambit::monitor {
namespace {

constexpr char kName[] = "notify.sock";
constexpr std::size_t kMaxBytes = 4096;  // as the service manager's own limit
constexpr int kMaxFds = 253;             // SCM_MAX_FD of the kernel
constexpr int kMaxAtOnce = 16;
constexpr std::chrono::milliseconds kPace{200};

void close_all(msghdr& header) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      (void)::close(fd);
    }
  }
}

// The text of the next message; none where there is none. One that is too long is nobody's word.
std::optional<std::string> receive(int fd) {
  std::string text(kMaxBytes, '\0');
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)];
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return std::nullopt;
  close_all(header);
  text.resize((header.msg_flags & MSG_TRUNC) != 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

}  // namespace

Result<NotifySocket> NotifySocket::open(int run_fd) {
  NotifySocket socket;
  socket.fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.fd_) return Error::from_errno(errno, "socket for notifications");
  AMBIT_TRY(os::bind_in(socket.fd_.get(), run_fd, kName));
  // Users of the container who are not its root have other ids than we.
  if (::fchmodat(run_fd, kName, 0666, 0) < 0) return Error::from_errno(errno, "chmod notify.sock");
  return socket;
}

void NotifySocket::remove(int run_fd) {
  if (fd_) (void)::unlinkat(run_fd, kName, 0);
}

void NotifySocket::prepare(PollSet& polls) const {
  if (!fd_) return;
  polls.want(fd_.get(), POLLIN);
  polls.wake_at(due_);
}

void NotifySocket::dispatch(const PollSet& polls, Clock::time_point now) {
  if (!fd_ || polls.ready(fd_.get()) == 0) return;
  for (int i = 0; i < kMaxAtOnce; ++i) {
    const auto text = receive(fd_.get());
    if (!text) break;
    const spec::NotifyMessage message = spec::parse_notify_message(*text);
    pending_.add(message);
    const bool is_news = message.reloading || message.stopping || message.failed ||
                         (message.ready && !lasting_.ready);
    lasting_.add(message);
    if (pending_.empty()) continue;
    const Clock::time_point due = is_news ? now : std::max(now, last_taken_ + kPace);
    if (!due_ || due < *due_) due_ = due;
  }
}

std::optional<spec::NotifyMessage> NotifySocket::take(Clock::time_point now) {
  if (!due_ || now < *due_) return std::nullopt;
  due_.reset();
  last_taken_ = now;
  lasting_ = {.ready = lasting_.ready, .reloading = lasting_.reloading, .status = lasting_.status};
  return std::exchange(pending_, {});
}

}  // namespace ambit::monitor
