#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bus/event_loop.h"

namespace ambit::cli {

// Copies bytes from one descriptor to another as the loop runs, by splice(2) where one is a pipe
// and the other a pipe or a file. Either end may be a pipe, a socket, a terminal or a file,
// blocking or not: a slow sink stops the reading and never blocks the loop (but for a terminal, by
// a page).
class Relay {
 public:
  enum class End {
    SourceEnd,  // everything was written
    SinkGone,   // EPIPE: nobody reads
    Stopped,    // the filter said so
    Failed,     // another error; error() has it
  };
  using Done = std::function<void(End)>;
  // Gets what was read, appends what is to be written. True: stop. An empty view is the end of the
  // source: what the filter holds back goes now or never.
  using Filter = std::function<bool(std::string_view, std::string&)>;

  // The descriptors are borrowed and must outlive the relay. `done` is called once, from the loop;
  // it may destroy the relay.
  Relay(bus::EventLoop& loop, int source_fd, int sink_fd, Done done, Filter filter = nullptr);

  Result<void> start();

  // Writes `bytes` behind everything that was read so far, as the loop runs.
  void add(std::string_view bytes);

  // Everything that has arrived so far was written.
  bool is_idle() const noexcept { return idle_; }
  const std::string& error() const noexcept { return error_; }

 private:
  enum class Step { Moved, SourceEmpty, SinkFull, SourceEnd, SinkGone, Stopped, Failed };

  void pump();
  Step step();
  Step splice_some();
  Step read_some();
  Step end_source();
  Step write_some();
  Step fail(const char* what, int err);
  Result<void> wait(int fd, std::uint32_t events);
  void finish(End end);

  bus::EventLoop& loop_;
  int source_fd_;
  int sink_fd_;
  Done done_;
  Filter filter_;
  bool use_splice_;
  bool idle_ = false;
  bool stop_after_write_ = false;
  bool source_ended_ = false;
  std::size_t write_chunk_;
  std::string pending_;  // read and not yet written
  std::string error_;
  bus::EventSource event_;
};

}  // namespace ambit::cli
