#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/event_loop.h"

namespace ambit::daemon {

// How long nobody may want anything of ambitd before it goes: AMBITD_IDLE_USEC, or a minute.
// InvalidArgument for a value that is no number.
Result<std::chrono::microseconds> idle_limit();

// Calls back when no method call came in for so long and `is_needed` says no. A container does not
// need the daemon to go on; the next call starts it again.
class IdleExit {
 public:
  struct Events {
    std::function<bool()> is_needed;
    std::function<void()> idle;
  };

  static Result<std::unique_ptr<IdleExit>> create(bus::EventLoop& loop, bus::Bus& bus,
                                                  std::chrono::microseconds limit, Events events);
  IdleExit(const IdleExit&) = delete;
  IdleExit& operator=(const IdleExit&) = delete;
  ~IdleExit() = default;

 private:
  IdleExit(std::chrono::microseconds limit, Events events)
      : limit_(limit), events_(std::move(events)) {}

  void on_time();

  using Clock = std::chrono::steady_clock;

  std::chrono::microseconds limit_;
  Events events_;
  Clock::time_point last_ = Clock::now();  // when somebody wanted something
  bus::Slot watch_;
  bus::EventSource timer_;
};

}  // namespace ambit::daemon
