#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/process.h"
#include "sandbox/given.h"
#include "spec/runtime_spec.h"
#include "spec/state.h"

// The parent's half of a container's first process, and of a process executed into a running one.
namespace ambit::sandbox {

// Borrowed descriptors; -1 is /dev/null. Unused where the process has a terminal.
struct Stdio {
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
};

enum class Lifetime {
  OfCaller,  // the caller's end is the process's (PR_SET_PDEATHSIG)
  Own,       // from the moment on that its command runs, or that it waits for its start
};

// A compiled filter. Borrowed.
struct Seccomp {
  std::string_view bpf;     // array of struct sock_filter; empty: unconfined
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_*
  // A connected socket to who answers the calls that the filter notifies (seccomp.h); -1: nobody.
  int listener_fd = -1;
  std::string listener_metadata;
};

struct StartOptions {
  const spec::RuntimeSpec* spec = nullptr;
  Stdio stdio;
  Seccomp seccomp;
  Lifetime lifetime = Lifetime::OfCaller;
  // A listening socket: the container is created, and its first process waits there for its start
  // (start_socket.h). -1: its command runs after go().
  int start_socket_fd = -1;
  int preserved_fds = 0;  // so many, from 3 on, are the command's
  GivenFds given;
  spec::State state;   // for hooks in the container; status and pid are filled in
  int cgroup_fd = -1;  // the process starts in this cgroup; -1: in the caller's
  // Called with the new process's number before it does anything.
  std::function<Result<void>(pid_t)> on_cloned;
};

enum class ChildEventKind {
  Mounted,   // only with hooks to run outside: prestart, createRuntime; waits for hooks_run()
  Ready,     // every step that needs no cgroup is done; a container waits for go()
  Created,   // only with a start socket: it waits there. The last event; detach() leaves it alone
  Executed,  // the command runs; from now on the process is the caller's to reap
  Failed,    // it does not; the process is gone and reaped
};

struct ChildEvent {
  ChildEventKind kind{};
  UniqueFd console;  // Ready, with a terminal: the pty's master
  // Failed: code and errno of the cause; the message names step and object. A child that died
  // without a word is Internal, and the message has the step it was in and its wait status.
  Error error{ErrorCode::Internal, ""};
};

// A child between clone and execve. Destroyed in between, it is killed and reaped.
class Child {
 public:
  // Clones the container's first process into the namespaces that the spec lists, writes its id
  // maps, and returns while it mounts. The caller has one thread and is in the namespace whose ids
  // the container is to have: the base user namespace (enter_base_userns), or its own as root.
  //
  // The id maps repeat the caller's own, line by line, unless the spec has some. An ordinary user
  // who is no root in his namespace gets those through newuidmap and newgidmap.
  // A caller that dies before the command runs takes the container with it (PR_SET_PDEATHSIG).
  static Result<Child> start(const StartOptions& options);

  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  // Readable (POLLIN or POLLHUP) when next_event() has something to say; gone after the last
  // event, so a loop drops it then.
  int event_fd() const noexcept;

  // The next event, or Busy where there is none yet. Nothing follows Created, Executed or Failed.
  Result<ChildEvent> next_event();

  // The same, blocking until there is one.
  Result<ChildEvent> wait_event();

  // Lets a container that is Mounted go on.
  Result<void> hooks_run();

  // Lets a container that is Ready unshare its cgroup namespace and execute: move it into its
  // final cgroup before. Not for start_exec().
  Result<void> go();

  pid_t pid() const noexcept;  // as the caller sees it
  int pidfd() const noexcept;  // borrowed
  os::Process take_process();  // after Created or Executed

 private:
  struct State;
  friend class ChildMaker;
  explicit Child(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ambit::sandbox
