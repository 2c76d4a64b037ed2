#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/poll_set.h"
#include "spec/monitor_message.h"

namespace ambit::monitor {

// Whoever may command the monitor: the ambitd that started it, over the inherited socket, and any
// later one over monitor.sock. Several may be connected; one that goes is forgotten.
class Control {
 public:
  // One connection; valid as long as the handler that got it runs.
  class Peer {
   public:
    explicit Peer(UniqueFd fd) : fd_(std::move(fd)) {}

    // A peer that can't take a message (it has gone, or reads nothing) is closed. What it misses
    // it finds in the exit record.
    void send(const spec::MonitorMessage& message, const std::vector<int>& fds = {});
    // From now on it is told of changes.
    void subscribe() { is_subscribed_ = true; }

   private:
    friend class Control;
    UniqueFd fd_;
    bool is_subscribed_ = false;
  };

  using Handler = std::function<void(Peer&, const spec::MonitorMessage&)>;

  // `first` is told of changes without asking.
  explicit Control(UniqueFd first);

  // Makes monitor.sock in `run_fd`.
  Result<void> listen(int run_fd);
  // Removes it: nobody can connect any more.
  void unlisten(int run_fd);

  // The one that started us. False once it has closed its end, or sent what we can't read.
  bool has_first() const { return static_cast<bool>(peers_.front().fd_); }
  void tell_first(const spec::MonitorMessage& message) { peers_.front().send(message); }
  void tell_all(const spec::MonitorMessage& message);

  void prepare(PollSet& polls) const;
  void dispatch(const PollSet& polls, const Handler& handler);

 private:
  void accept_all();
  void receive_all(Peer& peer, const Handler& handler);

  std::list<Peer> peers_;  // the first one stays, closed or not
  UniqueFd listener_;
};

}  // namespace ambit::monitor
