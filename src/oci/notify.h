#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/state_store.h"
#include "spec/runtime_spec.h"

namespace ambit::oci {

// What a container says to the service manager of its runtime's caller: sd_notify(3). A container
// never gets the caller's own socket, but one of its own whose messages are understood and passed
// on, so that it can speak for nobody else (MAINPID) and hand over no descriptors.
class NotifyProxy {
 public:
  // Takes NOTIFY_SOCKET out of this program's environment: a hook is nobody to speak either.
  // Without it nothing below does anything.
  static NotifyProxy of_caller();

  // The folder of the socket in the container's state, its mount where the caller has the socket,
  // and NOTIFY_SOCKET of the container's first process.
  Result<void> add_to(const StateFolder& folder, spec::RuntimeSpec& spec) const;

  // Makes the socket, in a container that has the folder: before its command runs.
  Result<void> listen(const StateFolder& folder);

  // -1 where nobody listens; else readable when pass_on() has something to do.
  int fd() const { return socket_.get(); }

  // Passes on what there is, with MAINPID where `main_pid` is not 0: for a container that outlives
  // this program. Returns whether READY was in it. A caller who does not listen any more is no
  // error.
  bool pass_on(pid_t main_pid) const;

  // pass_on() until the container is ready or has ended.
  void wait_until_ready(int pidfd, pid_t main_pid) const;

 private:
  std::string address_;  // of the caller
  UniqueFd socket_;
};

}  // namespace ambit::oci
