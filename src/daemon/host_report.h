#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "engine/host_check.h"
#include "os/process.h"

// The host's checks, run by a process of their own: they fork, mount, ask other services and wait
// for the journal, none of which belongs on the daemon's loop.
namespace ambit::daemon {

// Runs the checks here and writes them to `fd` in the form that HostReport reads.
Result<void> write_host_report(int fd, const Paths& paths);

class HostReport {
 public:
  using Done = std::function<void(Result<std::vector<engine::HostCheck>>)>;

  // Starts `ambitd check-host`; `done` is called from the loop, once, unless the report is
  // destroyed before.
  static Result<std::unique_ptr<HostReport>> start(bus::EventLoop& loop, Done done);
  HostReport(const HostReport&) = delete;
  HostReport& operator=(const HostReport&) = delete;
  // Ends the process where it still runs.
  ~HostReport();

 private:
  HostReport(bus::EventLoop& loop, Done done) : loop_(loop), done_(std::move(done)) {}

  Result<void> spawn();
  void on_output();
  void on_exit();
  void finish();

  bus::EventLoop& loop_;
  Done done_;
  os::Process process_;
  UniqueFd output_;
  std::string bytes_;
  bus::EventSource on_output_;
  bus::EventSource on_exit_;
  bus::EventSource deadline_;
  bool output_ended_ = false;
};

}  // namespace ambit::daemon
