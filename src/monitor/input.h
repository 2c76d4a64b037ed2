#pragma once

#include <list>
#include <string>

#include "base/unique_fd.h"
#include "monitor/client_sink.h"
#include "monitor/poll_set.h"

namespace ambit::monitor {

// A container's standard input: what any attached client writes, in the order of arrival. A client
// whose bytes the container does not take yet is not read from, so its own pipe fills.
//
// When it ends: with the end of the last client's input, as a pipe's does with its last writer.
// Exceptions: KeepOpen is for a container that was started with nobody at its input and is to wait
// for clients to come and go; a terminal never ends.
class Input {
 public:
  enum class AtLastEnd { Close, KeepOpen };

  // `sink`: write end of a pipe or (a copy of) the pty's master; made non-blocking.
  Input(UniqueFd sink, AtLastEnd at_last_end);

  // A descriptor to read from; made non-blocking.
  void add_client(UniqueFd fd);

  // false: closed, by us or by the container.
  bool is_open() const { return static_cast<bool>(sink_); }

  void prepare(PollSet& polls) const;
  void dispatch(const PollSet& polls);

 private:
  struct Source {
    UniqueFd fd;
    std::string pending;
  };

  bool read_from(Source& source);
  void write_pending(Source& source);
  void close();

  UniqueFd sink_;
  AtLastEnd at_last_end_;
  std::list<Source> sources_;
};

}  // namespace ambit::monitor
