#pragma once

#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/poll_set.h"
#include "spec/notify_message.h"

namespace ambit::monitor {

// The container's NOTIFY_SOCKET: what its processes say over it, put together so that a talkative
// one keeps nobody busy.
class NotifySocket {
 public:
  using Clock = PollSet::Clock;

  NotifySocket() = default;

  // Makes notify.sock in `run_fd` anew, for everybody in the container to write to. Not once this
  // process has joined a user namespace: the bind goes through /proc/self.
  static Result<NotifySocket> open(int run_fd);
  void remove(int run_fd);

  void prepare(PollSet& polls) const;
  // Reads what there is. Descriptors that come along are closed, which is also how a client learns
  // that what it said before has been read (sd_notify_barrier(3)).
  void dispatch(const PollSet& polls, Clock::time_point now);

  // What is to be passed on now: at once where it is news, such as READY, else a few times a
  // second.
  std::optional<spec::NotifyMessage> take(Clock::time_point now);

  // All that holds on: ready, status. For somebody who comes late.
  const spec::NotifyMessage& lasting() const { return lasting_; }

 private:
  UniqueFd fd_;
  spec::NotifyMessage pending_;
  spec::NotifyMessage lasting_;
  std::optional<Clock::time_point> due_;
  Clock::time_point last_taken_;
};

}  // namespace ambit::monitor
