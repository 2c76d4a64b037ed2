#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/event_loop.h"
#include "engine/monitor_link.h"
#include "os/process.h"
#include "spec/holder_settings.h"

namespace ambit::engine {

// A pod's holder (spec/holder_settings.h) that this ambitd has started, until it has gone. Whoever
// connects to its socket may do so from the beginning: it is answered when there is an answer.
class PodHolder {
 public:
  struct Plan {
    int exe_fd = -1;
    std::string pod;
    spec::HolderSettings settings;
    int base_userns = -1;
    int run_dir = -1;  // for its socket
  };
  struct Events {
    // Once: it is in its scope, whose cgroup this is, and on its own from now on. Or why not; it is
    // being killed then.
    std::function<void(Result<std::string> control_group)> settled;
    // Reaped. The owner destroys it, not from within this call (bus::EventLoop::defer).
    std::function<void()> gone;
  };
  using ScopeDone = std::function<void(Result<std::string> control_group)>;
  using StartScope = std::function<void(pid_t pid, ScopeDone done)>;

  static Result<std::unique_ptr<PodHolder>> start(bus::EventLoop& loop, const Plan& plan,
                                                  const StartScope& start_scope, Events events);
  PodHolder(const PodHolder&) = delete;
  PodHolder& operator=(const PodHolder&) = delete;
  ~PodHolder() = default;

  bool is_settled() const noexcept { return is_over_; }

 private:
  PodHolder() = default;
  void on_message(const spec::MonitorMessage& message);
  void on_scope(Result<std::string> control_group);
  void settle_if_ready();
  void fail(Error error);

  Events events_;
  os::Process process_;
  std::optional<MonitorLink> link_;
  bus::EventSource on_exit_;
  std::string control_group_;
  bool is_ready_ = false;
  bool is_over_ = false;  // settled, or failed
};

}  // namespace ambit::engine
