#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/socket.h"

// What a child between clone and execve and its parent say to each other: a packet each, over a
// socket that execve closes.
namespace ambit::sandbox {

enum class ChildWord : std::uint32_t {
  Ready = 1,   // with the pty's master, where there is one
  Executing,   // execve is next: end of file from now on means that it has happened
  Failed,      // code, errno and text of the error
  ExecFailed,  // errno of execve; the text is the path
  Pid,         // of the process that will execute, by the parent's numbers
  Unshared,    // in a user namespace that waits for its maps
  Mounted,     // all is mounted, and the host's root still there: time for hooks
  Created,     // waits on the start socket now, and needs the parent no longer
};

struct ChildMessage {
  ChildWord word{};
  std::int32_t code = 0;
  std::int32_t number = 0;  // errno, or the pid
  std::string text;
};

std::string write_child_message(const ChildMessage& message);
Result<ChildMessage> parse_child_message(const std::string& bytes);

enum class ParentWord : char {
  Mapped = 'm',    // the id maps are written; with the child's PID by the parent's numbers
  HooksRun = 'h',  // those after Mounted
  Go = 'g',
};

// A page that parent and child share: the step the child is in, for the case that it dies without
// a word. Only literals are stored, which both have at the same address.
class StagePage {
 public:
  static Result<StagePage> create();
  StagePage(StagePage&& other) noexcept : stage_(std::exchange(other.stage_, nullptr)) {}
  StagePage& operator=(StagePage&& other) noexcept {
    std::swap(stage_, other.stage_);
    return *this;
  }
  ~StagePage();

  void set(const char* literal) noexcept { *stage_ = literal; }
  const char* get() const noexcept { return *stage_; }

 private:
  explicit StagePage(const char* volatile* stage) : stage_(stage) {}
  const char* volatile* stage_ = nullptr;
};

// The parent's end.
Result<void> say(int socket_fd, ParentWord word, const std::string& text = "");

// The child's end.
class ChildChannel {
 public:
  ChildChannel(int socket_fd, StagePage& stage) : socket_fd_(socket_fd), stage_(&stage) {}

  int socket_fd() const noexcept { return socket_fd_; }
  void enter_stage(const char* literal) noexcept { stage_->set(literal); }

  Result<void> send(const ChildMessage& message, int fd = -1) const;

  // Blocks, and returns what came with the word. NotRunning where the parent is gone.
  Result<std::string> wait_for(ParentWord word) const;

  // Has the kernel kill this process when the parent dies. To be repeated after a change of ids,
  // which clears it (prctl(2), PR_SET_PDEATHSIG). In a new PID namespace getppid() is 0 either
  // way, so a parent that died before is told from its end of the socket.
  Result<void> die_with_parent() const;
  static void outlive_parent();

  // Reports the error and ends the process.
  [[noreturn]] void fail(const Error& error) const;

 private:
  int socket_fd_;
  StagePage* stage_;
};

}  // namespace ambit::sandbox
