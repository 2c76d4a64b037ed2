#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::oci {

// Sends the terminal's master to whoever listens on the stream socket at `path` (--console-socket):
// one message, SCM_RIGHTS, whose text is the terminal's name.
Result<void> send_console(const std::string& path, int master_fd);

// Connects a stream socket, of any length of path.
Result<UniqueFd> connect_stream(const std::string& path);

}  // namespace ambit::oci
