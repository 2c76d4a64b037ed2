#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/event_loop.h"

namespace ambit::engine {

// What a health check writes: the beginning of it is kept, all of it is read, so that nobody waits
// for a reader; but no faster than 6.5 MB/s, so that one that floods costs the loop next to
// nothing.
class CheckOutput {
 public:
  struct Made {
    std::unique_ptr<CheckOutput> output;
    UniqueFd write_end;
  };
  static Result<Made> create(bus::EventLoop& loop);
  CheckOutput(const CheckOutput&) = delete;
  CheckOutput& operator=(const CheckOutput&) = delete;
  ~CheckOutput() = default;

  // What was written until now: text, at most spec::kMaxHealthOutputBytes.
  std::string take();

 private:
  CheckOutput(bus::EventLoop& loop, UniqueFd read_end);
  void read_once();
  void on_readable();

  bus::EventLoop& loop_;
  UniqueFd read_end_;
  bus::EventSource on_readable_;
  bus::EventSource pause_;
  std::string text_;
  bool is_at_end_ = false;
};

}  // namespace ambit::engine
