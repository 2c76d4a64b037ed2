#pragma once

#include <sys/types.h>

#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

struct Console {
  UniqueFd master;
  UniqueFd slave;
};

// A terminal of the devpts that the container has at /dev/pts; refused where that is no devpts. The
// slave comes from the master (TIOCGPTPEER) and not by its path, which another process of the
// container might have replaced (CVE-2025-52565). It has its size before anything runs on it.
Result<Console> open_console(int root_fd, const std::optional<spec::ConsoleSize>& size);

// Puts the slave on "console" in the container's /dev.
Result<void> bind_console(int dev_fd, const Console& console);

// Makes the slave the controlling terminal of a new session and its standard streams. `owner` may
// then open it anew, by /dev/tty or /dev/stdout.
Result<void> take_console(const Console& console, uid_t owner);

}  // namespace ambit::sandbox
