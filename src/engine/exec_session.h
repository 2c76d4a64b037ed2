#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/event_loop.h"
#include "engine/container.h"
#include "engine/monitor_link.h"
#include "os/process.h"

namespace ambit::engine {

// How a command ended.
struct ExecEnd {
  int exit_code = kExitCodeUnknown;  // the same where the helper was killed
  std::string reason;                // "exited", "signal", "timeout"; "" where nobody knows
};

// One command executed into a running container: its helper (`ambit-monitor exec`) from ambitd's
// side. The helper lives in the container's scope and goes on without us.
class ExecSession {
 public:
  struct Events {
    std::function<void(pid_t pid)> started;
    std::function<void(Error error)> failed;  // the command was not executed; the last event
    std::function<void(const ExecEnd& end)> ended;
  };

  // The owner destroys it after `failed` or `ended`, not from within a callback.
  static Result<std::unique_ptr<ExecSession>> start(bus::EventLoop& loop, os::Process helper,
                                                    UniqueFd control, Events events);
  // Takes over a helper that an earlier ambitd spawned, through its socket. `started` is called
  // when it has answered; `failed` where it ends without having done so.
  static Result<std::unique_ptr<ExecSession>> adopt(bus::EventLoop& loop, UniqueFd socket,
                                                    Events events);
  ExecSession(const ExecSession&) = delete;
  ExecSession& operator=(const ExecSession&) = delete;
  ~ExecSession() = default;

  Result<void> kill(int signal);
  Result<void> resize(unsigned rows, unsigned columns);

 private:
  explicit ExecSession(Events events) : events_(std::move(events)) {}
  Result<void> listen(bus::EventLoop& loop, UniqueFd socket);
  void on_message(const spec::MonitorMessage& message);
  void end_if_over();

  Events events_;
  std::optional<MonitorLink> link_;
  os::Process helper_;
  bus::EventSource on_helper_exit_;
  std::optional<Error> error_;
  ExecEnd end_;
  bool started_ = false;
  bool link_closed_ = false;
  bool helper_gone_ = false;
};

}  // namespace ambit::engine
