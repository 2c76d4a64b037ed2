#pragma once

#include <utility>

#include "base/result.h"
#include "sandbox/seccomp.h"

// How a notify descriptor leaves a process that may not make a single system call any more.
//
// A thread is cloned before the filter is installed. It shares memory and descriptors, but not the
// filter; it reads the number of the descriptor from memory, sends it and ends. Why not a process:
// its parent would be the confined one, which can't wait for it (wait4 may be refused), and after
// execve it would be a child that the command knows nothing of. CLONE_PARENT is refused to the
// first process of a PID namespace. A thread leaves nothing behind.
//
// Neither side can wake the other: the confined one may not call futex(2). So the thread looks
// again and again, with short sleeps, while seccomp(2) is running; and the caller spins while the
// thread sends, which is some microseconds.
namespace ambit::sandbox {

class SeccompHandover {
 public:
  // Clones the thread. `listener` outlives the handover.
  static Result<SeccompHandover> start(const SeccompListener& listener);

  SeccompHandover(SeccompHandover&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)) {}
  SeccompHandover& operator=(SeccompHandover&&) = delete;
  ~SeccompHandover() = default;

  // Has the descriptor sent, and closed together with the socket, also where sending failed. Makes
  // no system call. Timeout where the receiver doesn't read for ten seconds.
  Result<void> finish(int notify_fd);

  // Ends the thread; the socket stays open.
  void cancel();

 private:
  struct Shared;
  explicit SeccompHandover(Shared* shared) : shared_(shared) {}
  static int run(void* shared);

  Shared* shared_;  // in the thread's own mapping, which goes with execve or with cancel()
};

}  // namespace ambit::sandbox
