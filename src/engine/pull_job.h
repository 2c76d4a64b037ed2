#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/event_loop.h"
#include "engine/transfer.h"
#include "engine/worker_jobs.h"
#include "os/process.h"

namespace ambit::engine {

// The processes behind a transfer.
struct PullJob {
  std::string key;        // of what is pulled; "" once it is over
  std::string store_job;  // Store::begin_job
  WorkerJobs::Id worker = 0;
  os::Process fetch;
  bus::EventSource fetch_ended;
  unsigned callers = 1;  // that want it, and have not cancelled
  bool cancelled = false;
  std::vector<std::function<void(Result<void>)>> waiting;
};

// All of them, by the transfer's ID. What has ended stays until its timer is up.
struct Pulls {
  std::uint64_t last_id = 0;
  std::map<std::string, Transfer> transfers;
  std::map<std::string, PullJob> jobs;
  std::map<std::string, bus::EventSource> timers;
};

}  // namespace ambit::engine
