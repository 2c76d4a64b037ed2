#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "image/worker_call.h"

namespace ambit::worker {

// Writes JSON lines to ambitd.
class Report {
 public:
  // Takes O_NONBLOCK off the pipe's end, so that a slow reader loses nothing.
  explicit Report(int output_fd);

  // At most ten lines a second, and the first of each stage and object.
  void progress(const image::Progress& progress);

  void result(const image::WorkerResult& result);

 private:
  int output_fd_;
  std::string last_;
  std::chrono::steady_clock::time_point last_time_;
};

}  // namespace ambit::worker
