#include "bus/event_loop.h"

#include <sys/epoll.h>

#include <ctime>
#include <exception>

#include "base/log.h"

namespace ambit::bus {
namespace {

// Stops exceptions of the standard library before they reach C frames. The loop goes on: a callback
// that failed is a bug, and no reason to leave every container alone.
template <typename Call, typename... Args>
int guarded(const Call& call, Args&&... args) noexcept try {
  call(std::forward<Args>(args)...);
  return 0;
} catch (const std::exception& e) {
  log(LogLevel::Error, "event callback: %s", e.what());
  return 0;
}

using IoCall = std::function<void(std::uint32_t)>;
using SignalCall = std::function<void(const signalfd_siginfo&)>;
using ChildCall = std::function<void(const siginfo_t&)>;
using PlainCall = std::function<void()>;

int io_event(sd_event_source*, int, std::uint32_t events, void* call) noexcept {
  return guarded(*static_cast<IoCall*>(call), events);
}

int timer_event(sd_event_source*, std::uint64_t, void* call) noexcept {
  return guarded(*static_cast<PlainCall*>(call));
}

int signal_event(sd_event_source*, const signalfd_siginfo* info, void* call) noexcept {
  return guarded(*static_cast<SignalCall*>(call), *info);
}

int child_event(sd_event_source*, const siginfo_t* info, void* call) noexcept {
  return guarded(*static_cast<ChildCall*>(call), *info);
}

int defer_event(sd_event_source*, void* call) noexcept {
  return guarded(*static_cast<PlainCall*>(call));
}

// sd-event keeps a source alive while its callback runs and calls this afterwards, so the callback
// may drop its own source.
template <typename Call>
void destroy_call(void* call) {
  delete static_cast<Call*>(call);
}

// Gives the source the callback to keep.
template <typename Call>
Result<EventSource> owning(int r, sd_event_source* source, std::unique_ptr<Call> call,
                           const char* what) {
  if (r < 0) return Error::from_errno(-r, what);
  EventSource owned(source);
  const int set = sd_event_source_set_destroy_callback(source, destroy_call<Call>);
  if (set < 0) return Error::from_errno(-set, what);
  (void)call.release();
  return owned;
}

}  // namespace

void EventSource::reset() noexcept { source_ = sd_event_source_disable_unref(source_); }

Result<void> EventSource::restart(std::chrono::microseconds delay) {
  int r = sd_event_source_set_time_relative(source_, static_cast<std::uint64_t>(delay.count()));
  if (r >= 0) r = sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT);
  if (r < 0) return Error::from_errno(-r, "restarting a timer");
  return {};
}

Result<void> EventSource::set_io_events(std::uint32_t events) {
  const int r = sd_event_source_set_io_events(source_, events);
  if (r < 0) return Error::from_errno(-r, "changing the events of a descriptor");
  return {};
}

Result<void> EventSource::set_priority(std::int64_t priority) {
  const int r = sd_event_source_set_priority(source_, priority);
  if (r < 0) return Error::from_errno(-r, "setting the priority of an event source");
  return {};
}

Result<EventLoop> EventLoop::create() {
  sd_event* event = nullptr;
  const int r = sd_event_new(&event);
  if (r < 0) return Error::from_errno(-r, "making an event loop");
  return EventLoop(event);
}

Result<int> EventLoop::run() {
  const int r = sd_event_loop(event_.get());
  if (r < 0) return Error::from_errno(-r, "running the event loop");
  return r;
}

Result<bool> EventLoop::run_once(std::chrono::microseconds timeout) {
  const auto usec = timeout.count() < 0 ? UINT64_MAX : static_cast<std::uint64_t>(timeout.count());
  const int r = sd_event_run(event_.get(), usec);
  if (r < 0) return Error::from_errno(-r, "running the event loop");
  return r > 0;
}

void EventLoop::exit(int code) noexcept { (void)sd_event_exit(event_.get(), code); }

Result<EventSource> EventLoop::on_io(int fd, std::uint32_t events, IoCall call) {
  auto kept = std::make_unique<IoCall>(std::move(call));
  sd_event_source* source = nullptr;
  const int r = sd_event_add_io(event_.get(), &source, fd, events, io_event, kept.get());
  return owning(r, source, std::move(kept), "watching a descriptor");
}

Result<EventSource> EventLoop::on_timer(std::chrono::microseconds delay, PlainCall call) {
  auto kept = std::make_unique<PlainCall>(std::move(call));
  sd_event_source* source = nullptr;
  const int r = sd_event_add_time_relative(event_.get(), &source, CLOCK_MONOTONIC,
                                           static_cast<std::uint64_t>(delay.count()),
                                           1000 /* accuracy, usec */, timer_event, kept.get());
  return owning(r, source, std::move(kept), "setting a timer");
}

Result<EventSource> EventLoop::on_signal(int signal, SignalCall call) {
  auto kept = std::make_unique<SignalCall>(std::move(call));
  sd_event_source* source = nullptr;
  const int r = sd_event_add_signal(event_.get(), &source, signal, signal_event, kept.get());
  return owning(r, source, std::move(kept), "watching a signal");
}

Result<EventSource> EventLoop::on_child(int pidfd, ChildCall call) {
  auto kept = std::make_unique<ChildCall>(std::move(call));
  sd_event_source* source = nullptr;
  const int r =
      sd_event_add_child_pidfd(event_.get(), &source, pidfd, WEXITED, child_event, kept.get());
  return owning(r, source, std::move(kept), "watching a child process");
}

Result<EventSource> EventLoop::defer(PlainCall call) {
  auto kept = std::make_unique<PlainCall>(std::move(call));
  sd_event_source* source = nullptr;
  const int r = sd_event_add_defer(event_.get(), &source, defer_event, kept.get());
  return owning(r, source, std::move(kept), "deferring a call");
}

Result<void> EventLoop::enable_watchdog() {
  const int r = sd_event_set_watchdog(event_.get(), 1);
  if (r < 0) return Error::from_errno(-r, "enabling the watchdog");
  return {};
}

}  // namespace ambit::bus
