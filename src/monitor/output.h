#pragma once

#include <functional>
#include <list>
#include <string_view>

#include "base/unique_fd.h"
#include "monitor/client_sink.h"
#include "monitor/log_stream.h"
#include "monitor/poll_set.h"
#include "monitor/read_pace.h"

namespace ambit::monitor {

// One output stream of a container: read once, and given to the journal and to every client.
class Output {
 public:
  using Clock = PollSet::Clock;
  // OfFiles: what a terminal made of a newline (CR LF) is one again.
  enum class LineEnds { Kept, OfFiles };

  // `source`: read end of a pipe, or (a copy of) the pty's master; made non-blocking. `log` may be
  // null.
  Output(UniqueFd source, LogStream* log, LineEnds line_ends = LineEnds::Kept);

  void add_client(UniqueFd fd, ClientSink::Kind kind);

  void prepare(PollSet& polls, Clock::time_point now) const;
  void dispatch(const PollSet& polls, Clock::time_point now);

  // The container has ended: nothing that comes from now on is new, so the primary's pace counts
  // no more. Then is_at_end() turns true when everything that was written has been read.
  void begin_drain() { is_draining_ = true; }
  bool is_at_end() const { return !source_; }

  // After the end: pipes are widened, so that most readers need not be waited for.
  void widen_clients();
  bool is_behind(ClientSink::Kind kind) const;
  void close_clients() { clients_.clear(); }
  bool has_clients() const { return !clients_.empty(); }

 private:
  bool may_read(Clock::time_point now) const;
  void read_once(Clock::time_point now);
  std::string_view with_plain_line_ends(std::size_t count);
  void deliver(std::string_view bytes, Clock::time_point now);
  void end(Clock::time_point now);

  UniqueFd source_;
  LogStream* log_;
  std::list<ClientSink> clients_;
  ReadPace pace_;
  LineEnds line_ends_;
  bool holds_return_ = false;  // a CR whose LF may come yet
  bool is_draining_ = false;
};

// The memory that all reads share is given back to the kernel; call it before a long wait.
void release_read_buffer();

}  // namespace ambit::monitor
