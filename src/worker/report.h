#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "image/worker_call.h"

namespace ambit::worker {

// Writes JSON lines to ambitd.
class Report {
 public:
  // Takes O_NONBLOCK off the pipe's end, so that a slow reader loses nothing.
  explicit Report(int output_fd);

  // Of each stage and object the first, those that say something, and ten lines a second at most.
  void progress(const image::Progress& progress);

  void result(const image::WorkerResult& result);

 private:
  int output_fd_;
  std::map<std::string, std::chrono::steady_clock::time_point> last_;  // by stage and object
};

}  // namespace ambit::worker
