#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "monitor/poll_set.h"

namespace ambit::monitor {

// Output on its way to one attached client, through a pipe or a stream socket that is non-blocking.
//
//   Primary  the client that started the container. It loses nothing: while is_behind(), the
//            monitor reads no more of the container's stream, as a full pipe would have it.
//   Late     a client that attached to a running container. It may be kLateBytes behind, then it
//            is disconnected: it never holds up the container or the others.
class ClientSink {
 public:
  enum class Kind { Primary, Late };

  static constexpr std::size_t kLateBytes = 1 << 20;

  // Makes the descriptor non-blocking: it was made for this and is nobody else's.
  ClientSink(UniqueFd fd, Kind kind);

  Kind kind() const { return kind_; }
  bool is_open() const {
    return static_cast<bool>(fd_);
  }  // false: closed by the client, or too slow
  bool is_behind() const { return is_open() && !pending_.empty(); }

  void write(std::string_view bytes);

  void prepare(PollSet& polls) const;
  void dispatch(const PollSet& polls);

  // Lets a pipe hold all that is pending, so that nobody waits for its reader. Up to 1 MiB
  // (/proc/sys/fs/pipe-max-size) for an ordinary user; what does not fit stays pending.
  void widen();

 private:
  void flush();
  std::size_t write_some(std::string_view bytes);
  void close();

  UniqueFd fd_;
  Kind kind_;
  std::string pending_;
};

}  // namespace ambit::monitor
