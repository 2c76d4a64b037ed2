#pragma once

#include <memory>
#include <utility>

#include "bus/bus.h"
#include "bus/event_loop.h"
#include "bus/message.h"
#include "engine/engine.h"

namespace ambit::daemon {

// What the objects on the bus work with. All of it outlives them.
struct Services {
  bus::EventLoop& loop;
  bus::Bus& bus;
  engine::Engine& engine;
  // One entry for every call that has not been answered: while there is any, the daemon stays.
  std::shared_ptr<int> unanswered = std::make_shared<int>(0);
};

// A method call that is answered when something has ended. Shared by the callbacks that may
// answer it.
class LateReply {
 public:
  LateReply(const Services& services, const bus::Message& call)
      : unanswered_(services.unanswered), reply_(call) {
    ++*unanswered_;
  }
  LateReply(const LateReply&) = delete;
  LateReply& operator=(const LateReply&) = delete;
  ~LateReply() { --*unanswered_; }

  template <typename... Ts>
  void succeed(const Ts&... values) {
    reply_.succeed(values...);
  }
  void fail(const Error& error) { reply_.fail(error); }
  // An empty answer, or the error.
  void finish(const Result<void>& result) {
    if (result)
      reply_.succeed();
    else
      reply_.fail(result.error());
  }

 private:
  std::shared_ptr<int> unanswered_;
  bus::PendingReply reply_;
};

inline std::shared_ptr<LateReply> reply_later(const Services& services, const bus::Message& call) {
  return std::make_shared<LateReply>(services, call);
}

}  // namespace ambit::daemon
