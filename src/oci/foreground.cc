#include "oci/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <string>
#include <utility>

#include "os/clone.h"
#include "os/file.h"
#include "os/terminal.h"

namespace ambit::oci {
namespace {

constexpr int kSignalExit = 128;
constexpr std::size_t kChunkBytes = 16384;

// The caller's streams and the master of the process's terminal.
class TerminalRelay {
 public:
  explicit TerminalRelay(UniqueFd console) : console_(std::move(console)) {
    if (!console_) return;
    (void)::fcntl(console_.get(), F_SETFL, O_NONBLOCK);
    resize();
  }

  int console() const { return console_.get(); }
  bool is_open() const { return static_cast<bool>(console_); }
  bool wants_input() const { return is_open() && reads_input_ && pending_.empty(); }
  bool has_pending() const { return is_open() && !pending_.empty(); }

  // A terminal of the caller's that has no size says nothing of the other one.
  void resize() const {
    winsize size = {};
    if (is_open() && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
      (void)::ioctl(console_.get(), TIOCSWINSZ, &size);
  }

  void read_input() {
    char chunk[kChunkBytes];
    const ssize_t count = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (count > 0) pending_.assign(chunk, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) reads_input_ = false;
  }

  void write_pending() {
    const ssize_t count = ::write(console_.get(), pending_.data(), pending_.size());
    if (count > 0) pending_.erase(0, static_cast<std::size_t>(count));
    if (count < 0 && errno != EAGAIN && errno != EINTR) pending_.clear();
  }

  // What is there now. EIO: no process has the other side open any more.
  Result<void> copy_output() {
    char chunk[kChunkBytes];
    for (;;) {
      const ssize_t count = ::read(console_.get(), chunk, sizeof chunk);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return {};
      if (count <= 0) {
        console_.reset();
        return {};
      }
      AMBIT_TRY(os::write_all(STDOUT_FILENO, {chunk, static_cast<std::size_t>(count)}));
    }
  }

 private:
  UniqueFd console_;
  std::string pending_;
  bool reads_input_ = true;
};

Result<UniqueFd> take_signals() {
  sigset_t all;
  ::sigfillset(&all);
  // A fault of our own is no message for the container.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP})
    ::sigdelset(&all, fault);
  if (::sigprocmask(SIG_SETMASK, &all, nullptr) < 0) return Error::from_errno(errno, "sigprocmask");
  UniqueFd fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return Error::from_errno(errno, "signalfd");
  return fd;
}

void pass_signals_on(int signal_fd, const os::Process& process, const TerminalRelay& relay) {
  signalfd_siginfo info = {};
  while (::read(signal_fd, &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGWINCH) relay.resize();
    // One that is gone needs none; the others are the runtime's own.
    if (signal != SIGCHLD && signal != SIGURG && signal != SIGPIPE && signal != SIGWINCH)
      (void)os::send_signal(process.pidfd.get(), signal);
  }
}

// Until the process has ended.
Result<void> relay_until_end(const os::Process& process, int signal_fd, TerminalRelay& relay,
                             const NotifyProxy& notify) {
  for (;;) {
    pollfd polls[] = {
        {.fd = process.pidfd.get(), .events = POLLIN, .revents = 0},
        {.fd = signal_fd, .events = POLLIN, .revents = 0},
        {.fd = relay.console(),
         .events = static_cast<short>(POLLIN | (relay.has_pending() ? POLLOUT : 0)),
         .revents = 0},
        {.fd = relay.wants_input() ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
        {.fd = notify.fd(), .events = POLLIN, .revents = 0},
    };
    if (::poll(polls, std::size(polls), -1) < 0) {
      if (errno == EINTR) continue;
      return Error::from_errno(errno, "poll");
    }
    if (polls[1].revents != 0) pass_signals_on(signal_fd, process, relay);
    if ((polls[2].revents & POLLOUT) != 0) relay.write_pending();
    if ((polls[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) AMBIT_TRY(relay.copy_output());
    if (polls[3].revents != 0) relay.read_input();
    // The service is this program, which stays.
    if (polls[4].revents != 0) (void)notify.pass_on(/*main_pid=*/0);
    if (polls[0].revents != 0) return {};
  }
}

}  // namespace

Result<int> attend(const os::Process& process, UniqueFd console, const NotifyProxy& notify) {
  const UniqueFd signal_fd = AMBIT_TRY(take_signals());
  TerminalRelay relay(std::move(console));
  {
    os::RawMode raw;
    if (relay.is_open() && ::isatty(STDIN_FILENO) == 1)
      raw = AMBIT_TRY(os::RawMode::enter(STDIN_FILENO));
    AMBIT_TRY(relay_until_end(process, signal_fd.get(), relay, notify));
    if (relay.is_open()) AMBIT_TRY(relay.copy_output());
  }
  const int status = AMBIT_TRY(os::reap(process.pidfd.get()));
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalExit + WTERMSIG(status);
}

}  // namespace ambit::oci
