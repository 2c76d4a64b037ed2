#pragma once

#include <sys/signalfd.h>
#include <systemd/sd-event.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"

// sd-event with RAII sources. A callback may destroy its own source, and any other.
namespace ambit::bus {

// One source of events; its end ends it. The callback and what it holds live as long.
class [[nodiscard]] EventSource {
 public:
  EventSource() = default;
  explicit EventSource(sd_event_source* taken) noexcept : source_(taken) {}
  EventSource(EventSource&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
  EventSource& operator=(EventSource&& other) noexcept {
    if (this != &other) {
      reset();
      source_ = std::exchange(other.source_, nullptr);
    }
    return *this;
  }
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  ~EventSource() { reset(); }

  void reset() noexcept;
  explicit operator bool() const noexcept { return source_ != nullptr; }
  sd_event_source* get() const noexcept { return source_; }

  // For a timer, fired or not: fires once, `delay` from now.
  Result<void> restart(std::chrono::microseconds delay);
  // For io: the events to wait for from now on (EPOLLIN, EPOLLOUT, ...; 0 for none but EPOLLHUP).
  Result<void> set_io_events(std::uint32_t events);
  // Lower runs first; SD_EVENT_PRIORITY_NORMAL unless set.
  Result<void> set_priority(std::int64_t priority);

 private:
  sd_event_source* source_ = nullptr;
};

// An event loop. Copies of the pointer from get() must not outlive it.
class EventLoop {
 public:
  static Result<EventLoop> create();

  sd_event* get() const noexcept { return event_.get(); }

  // Runs until exit(); returns its code.
  Result<int> run();
  // One round: waits for events for at most `timeout` (negative: without end) and dispatches one.
  // False where the time was up.
  Result<bool> run_once(std::chrono::microseconds timeout);
  void exit(int code) noexcept;

  // `fd` is borrowed and must outlive the source. `events` of epoll(7); level-triggered.
  Result<EventSource> on_io(int fd, std::uint32_t events, std::function<void(std::uint32_t)> call);

  // Once, `delay` from now, by CLOCK_MONOTONIC.
  Result<EventSource> on_timer(std::chrono::microseconds delay, std::function<void()> call);

  // The signal must be blocked (pthread_sigmask) before.
  Result<EventSource> on_signal(int signal, std::function<void(const signalfd_siginfo&)> call);

  // The end of a child of this process, which is reaped. `pidfd` is borrowed and must outlive the
  // source; SIGCHLD must be blocked. Once.
  Result<EventSource> on_child(int pidfd, std::function<void(const siginfo_t&)> call);

  // Once, as soon as the loop comes round.
  Result<EventSource> defer(std::function<void()> call);

  // WATCHDOG=1 to the service manager as sd_watchdog_enabled(3) wants it; nothing where it doesn't.
  Result<void> enable_watchdog();

 private:
  struct Unref {
    void operator()(sd_event* event) const noexcept { sd_event_unref(event); }
  };
  explicit EventLoop(sd_event* taken) : event_(taken) {}

  std::unique_ptr<sd_event, Unref> event_;
};

}  // namespace ambit::bus
