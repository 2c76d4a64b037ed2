#include "monitor/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace ambit::monitor {
namespace {

SignalMeaning meaning_of(unsigned number) {
  switch (number) {
    case SIGCHLD:
      return SignalMeaning::Child;
    case SIGURG:
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      return SignalMeaning::Stop;
    default:
      return SignalMeaning::None;
  }
}

}  // namespace

Result<UniqueFd> block_signals() {
  sigset_t set;
  (void)::sigfillset(&set);
  if (::sigprocmask(SIG_SETMASK, &set, nullptr) < 0) return Error::from_errno(errno, "sigprocmask");
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return Error::from_errno(errno, "signalfd");
  return fd;
}

TakenSignal take_signal(int signal_fd) {
  signalfd_siginfo info;
  if (::read(signal_fd, &info, sizeof info) != sizeof info) return {.is_empty = true};
  return {.meaning = meaning_of(info.ssi_signo)};
}

}  // namespace ambit::monitor
