#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::monitor {

// What a signal to the monitor means. A signal that was meant for the container must never end the
// one process that knows how it ended.
enum class SignalMeaning {
  None,   // SIGHUP, SIGPIPE, SIGUSR1, ...: nothing
  Child,  // SIGCHLD
  Stop,   // SIGURG, which systemd sends to the scope as its KillSignal; and SIGTERM, SIGINT,
          // SIGQUIT, which an administrator may send
};

// Blocks every signal that can be blocked and returns the descriptor that they are read from. A
// fault of our own ends us all the same: the kernel unblocks it for that. Children inherit the
// mask: sandbox gives the container an empty one.
Result<UniqueFd> block_signals();

// The next one that is pending; None with `is_empty` where there is none.
struct TakenSignal {
  SignalMeaning meaning = SignalMeaning::None;
  bool is_empty = false;
};
TakenSignal take_signal(int signal_fd);

}  // namespace ambit::monitor
