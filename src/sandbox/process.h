#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/capabilities.h"
#include "sandbox/channel.h"
#include "sandbox/child.h"
#include "sandbox/privileges.h"
#include "sandbox/user_lookup.h"
#include "spec/runtime_spec.h"

// The last part of a container's process, the same for its first and for executed ones: from
// inside the container, still with all capabilities, to execve.
namespace ambit::sandbox {

// The wait of a container that is created first and started later (start_socket.h), and what
// happens between.
struct DeferredStart {
  int socket_fd = -1;  // -1: no wait
  const std::vector<spec::Hook>* hooks = nullptr;
  const spec::State* state = nullptr;  // for the hooks
};

struct ProcessPlan {
  const spec::ProcessSpec* process = nullptr;
  const spec::Personality* personality = nullptr;
  CapabilityBits capabilities;
  Setgroups setgroups = Setgroups::Allowed;
  Seccomp seccomp;
  std::string listener_message;  // for the listener of the filter
  int init_fd = -1;              // ambit-init, to be put before the command; -1: none
  int preserved_fds = 0;
  Lifetime lifetime = Lifetime::OfCaller;
};

// Default dispositions and an empty mask: a handler is reset by execve, an ignored signal and the
// mask are not.
Result<void> reset_signals();

// Gives the process a session of its own and its standard streams. `null_fd` stands in for the
// missing ones. Pipes are handed to `owner`, so that the command may open /dev/stdout anew.
Result<void> connect_stdio(const Stdio& stdio, int null_fd, uid_t owner);

// Goes to the working folder, which is made where it is missing. Found below `root_fd`, without
// magic links, so that no /proc/self/fd leads to a folder of the host (CVE-2024-21626).
Result<void> enter_working_folder(int root_fd, const std::string& cwd);

// Drops what is to be dropped, closes every descriptor but the standard streams and those to be
// preserved, waits for the start where it is deferred, and executes. Comes back only with what went
// wrong.
Error run_process(const ProcessPlan& plan, const ContainerUser& user, const DeferredStart& start,
                  ChildChannel& channel);

}  // namespace ambit::sandbox
