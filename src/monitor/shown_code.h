#pragma once

#include <sys/wait.h>

namespace ambit::monitor {

// The exit code of a wait status as people know it: 128+n for signal n.
inline int shown_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace ambit::monitor
