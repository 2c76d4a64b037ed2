#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/control.h"
#include "monitor/descriptors.h"
#include "monitor/notify_socket.h"
#include "monitor/payload.h"
#include "monitor/poll_set.h"
#include "monitor/stop.h"
#include "monitor/streams.h"
#include "os/process.h"
#include "sandbox/child.h"
#include "spec/exit_record.h"
#include "spec/monitor_message.h"
#include "spec/monitor_settings.h"

namespace ambit::monitor {

// One container from its clone to its exit record. The life of it is run(): start, supervise,
// finish.
class Monitor {
 public:
  Monitor(spec::MonitorSettings settings, Descriptors descriptors, UniqueFd signal_fd);

  // Returns when the container has ended and everybody is told, or when it could not be started
  // and nothing is left of it. An error is a start that failed; it has been sent as Failed.
  Result<void> run();

 private:
  using Clock = PollSet::Clock;
  enum class Phase { Starting, Running, Ending };

  struct Exit {
    int wait_status = 0;
    std::int64_t usec = 0;  // since 1970
  };

  // start.cc: Ready, Go, Started
  Result<void> start();
  Result<void> start_child();
  Result<void> wait_until_executed();
  Result<void> take_child_event();
  Result<void> place_and_go(const std::string& scope);
  void give_up();

  // monitor.cc: while it runs
  Result<void> supervise();
  Result<void> step();
  void on_message(Control::Peer& peer, const spec::MonitorMessage& message);
  void on_attach(Control::Peer& peer, const spec::MonitorMessage& message);
  void on_signals();
  void reap();
  void begin_stop(std::int64_t timeout_usec);
  void end_patience();
  void note_time_up();
  void send_signal(int signal);
  void tell_oom_kills();
  spec::MonitorMessage state() const;

  // finish.cc: from the end of PID 1
  Result<void> finish();
  Result<void> empty_payload();
  Result<void> read_rest();
  Result<void> deliver(const spec::ExitRecord& record);
  const char* reboot_reason() const;
  spec::ExitRecord exit_record() const;
  std::vector<std::string> set_properties() const;

  spec::MonitorSettings settings_;
  Descriptors descriptors_;
  UniqueFd signal_fd_;
  Control control_;
  std::optional<Streams> streams_;
  std::optional<sandbox::Child> child_;  // until it has executed
  os::Process process_;                  // from then on
  NotifySocket notify_;
  Payload payload_;
  Stop stop_;
  PollSet polls_;
  Phase phase_ = Phase::Starting;
  bool is_abandoned_ = false;         // ambitd gave the start up, or has gone
  bool is_ready_ = false;             // the child has said so
  std::optional<std::string> scope_;  // Go has come
  bool is_placed_ = false;
  bool owns_pids_ = false;  // PID 1 is that of a namespace of its own
  bool is_idle_ = false;
  long long told_oom_kills_ = 0;  // of the kernel's, those that everybody knows of
  std::int64_t started_usec_ = 0;
  std::optional<Exit> exit_;
  const Clock::time_point spawned_ = Clock::now();  // the scope is made after it
  bool is_time_up_ = false;  // systemd stops the container because it ran for so long
};

}  // namespace ambit::monitor
