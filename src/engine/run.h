#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/event_loop.h"
#include "engine/monitor_link.h"
#include "os/process.h"

namespace ambit::engine {

// How a run ended. `known` is false where the monitor itself was killed and left no word.
struct RunEnd {
  bool known = false;
  int exit_code = 0;
  std::int64_t exited_usec = 0;
  std::string reason;
};

// One run of one container, from the spawned monitor to the empty cgroup; or the rest of one that
// an earlier ambitd began. Tells its owner what happens; the owner destroys it, not before
// `failed` or `ended`, and not from within a callback (bus::EventLoop::defer).
class Run {
 public:
  struct Events {
    // The command has been executed.
    std::function<void(pid_t main_pid, std::int64_t started_usec)> started;
    // The start failed and nothing is left of it.
    std::function<void(Error error)> failed;
    std::function<void()> stopping;
    // The container has said something over its NOTIFY_SOCKET.
    std::function<void(const std::string& text)> notified;
    // The kernel has killed a process of it for want of memory; it may go on.
    std::function<void()> oom_killed;
    // The cgroup is empty, the monitor gone.
    std::function<void(RunEnd end)> ended;
  };
  // Makes the scope of a process; answers with the scope's verified cgroup.
  using ScopeDone = std::function<void(Result<std::string> control_group)>;
  using StartScope = std::function<void(pid_t pid, ScopeDone done)>;

  // Takes over a spawned monitor and has its scope made meanwhile.
  static Result<std::unique_ptr<Run>> start(bus::EventLoop& loop, os::Process monitor,
                                            UniqueFd control, const StartScope& start_scope,
                                            Events events);
  // Takes over a monitor that an earlier ambitd spawned, through its socket; `control_group` as it
  // was recorded. `started` is called when the monitor has answered, but not
  // for one that is known to run.
  enum class Adopted { NotKnown, Running };
  static Result<std::unique_ptr<Run>> adopt(bus::EventLoop& loop, UniqueFd socket,
                                            const std::string& control_group, Adopted adopted,
                                            Events events);
  // The same for one whose command is known to run and whose monitor can't answer, since it is
  // frozen: what it is to be told waits until connect().
  static std::unique_ptr<Run> adopt_deaf(bus::EventLoop& loop, const std::string& control_group,
                                         Events events);
  // The rest of a run whose monitor is gone: empties its cgroup, then calls `ended` or, where the
  // command had not been executed, `failed`.
  enum class Buried { HadStarted, HadNot };
  static std::unique_ptr<Run> bury(bus::EventLoop& loop, const std::string& control_group,
                                   Buried buried, Events events);
  bool is_deaf() const noexcept { return is_deaf_; }
  // The socket of a deaf one's monitor, which hears from now on; or the error that says that there
  // is no monitor any more, which begins the end of the run.
  void connect(Result<UniqueFd> socket);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() = default;

  // Ends the run with the container's own stop signal; where it has not begun, at once.
  // UINT64_MAX: in the container's own time.
  void stop(std::uint64_t timeout_usec);
  // NotRunning where the command has not been executed.
  Result<void> kill(int signal);
  // SIGKILL to everything in the cgroup, the monitor too: for a container that is frozen from above
  // and whose monitor can't do it. The run ends as one that SIGKILL has ended.
  void kill_with_monitor();
  Result<void> resize(unsigned rows, unsigned columns);
  using AttachDone = std::function<void(Result<std::vector<UniqueFd>>)>;
  void attach(const std::vector<std::string>& streams, AttachDone done);

  // "" before the scope is there.
  const std::string& control_group() const noexcept { return control_group_; }

 private:
  enum class Phase { Starting, Running, Over };

  Run(bus::EventLoop& loop, Events events) : loop_(loop), events_(std::move(events)) {}

  Result<void> listen(UniqueFd socket);
  Result<void> tell(const spec::MonitorMessage& message);
  void on_message(const spec::MonitorMessage& message, std::vector<UniqueFd> fds);
  void on_started(const spec::MonitorMessage& message);
  void on_scope(Result<std::string> control_group);
  void on_link_closed();
  void go_if_ready();
  void fail(Error error);
  void end_if_over();
  void await_empty_cgroup();
  void await_empty_cgroup_later();
  Result<void> check_running() const;
  void report_end();
  void answer_attach(Result<std::vector<UniqueFd>> answer);

  bus::EventLoop& loop_;
  Events events_;
  Phase phase_ = Phase::Starting;
  std::optional<MonitorLink> link_;
  os::Process monitor_;  // no pidfd for an adopted one, which is not our child
  bus::EventSource on_monitor_exit_;
  bus::EventSource empty_check_;
  std::string control_group_;
  std::optional<Error> error_;  // why the start failed
  std::string monitor_exit_;    // how the monitor's process ended; empty before that
  std::optional<RunEnd> end_;
  std::deque<AttachDone> attach_answers_;
  std::vector<spec::MonitorMessage> untold_;  // while it is deaf
  bool is_deaf_ = false;
  bool child_ready_ = false;
  bool monitor_killed_ = false;
  bool scope_pending_ = false;
  bool link_closed_ = false;
  bool monitor_gone_ = false;
};

}  // namespace ambit::engine
