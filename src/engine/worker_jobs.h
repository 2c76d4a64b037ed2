#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "image/worker_call.h"

namespace ambit::engine {

// The workers that run now. One job is one process; its end calls back, once.
class WorkerJobs {
 public:
  using MakeCall = std::function<image::WorkerCall(int output_fd)>;
  using Finished = std::function<void(Result<image::WorkerResult>)>;
  using Id = std::uint64_t;

  struct Events {
    std::function<void(const std::vector<image::Progress>&)> progress = nullptr;
    Finished finished;
  };

  // `worker_exe` is borrowed and must outlive this.
  WorkerJobs(bus::EventLoop& loop, int worker_exe);
  WorkerJobs(const WorkerJobs&) = delete;
  WorkerJobs& operator=(const WorkerJobs&) = delete;
  // Ends the workers that still run; their staging is swept by the next ambitd.
  ~WorkerJobs();

  // Starts one. `finished` is not called where this fails.
  Result<Id> start(const MakeCall& make_call, Events events);

  // Its `finished` comes with an error. One that has ended is no error.
  void kill(Id id);

  bool idle() const noexcept { return jobs_.empty(); }

 private:
  struct Job;

  void on_output(Job& job);
  void on_exit(Job& job);
  void finish_if_done(Job& job);

  bus::EventLoop& loop_;
  int worker_exe_;
  Id last_id_ = 0;
  std::map<Id, std::unique_ptr<Job>> jobs_;
};

}  // namespace ambit::engine
