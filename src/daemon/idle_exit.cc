#include "daemon/idle_exit.h"

#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace ambit::daemon {
namespace {

constexpr std::chrono::seconds kDefaultLimit{60};

}  // namespace

Result<std::chrono::microseconds> idle_limit() {
  const char* text = std::getenv("AMBITD_IDLE_USEC");
  if (text == nullptr) return std::chrono::microseconds(kDefaultLimit);
  const auto usec = AMBIT_TRY(parse_int(text).context("AMBITD_IDLE_USEC"));
  if (usec <= 0) return Error(ErrorCode::InvalidArgument, "AMBITD_IDLE_USEC must be positive");
  return std::chrono::microseconds(usec);
}

Result<std::unique_ptr<IdleExit>> IdleExit::create(bus::EventLoop& loop, bus::Bus& bus,
                                                   std::chrono::microseconds limit, Events events) {
  std::unique_ptr<IdleExit> idle(new IdleExit(limit, std::move(events)));
  IdleExit* self = idle.get();
  idle->watch_ = AMBIT_TRY(bus.watch_messages([self](const bus::Message& message) {
    if (message.is_method_call()) self->last_ = Clock::now();
  }));
  idle->timer_ = AMBIT_TRY(loop.on_timer(limit, [self] { self->on_time(); }));
  return idle;
}

void IdleExit::on_time() {
  // What it was needed for has just ended, or has not: either way the time begins anew.
  if (events_.is_needed()) last_ = Clock::now();
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(last_ + limit_ - Clock::now());
  if (left.count() <= 0) return events_.idle();
  const auto restarted = timer_.restart(left);
  if (!restarted) log(LogLevel::Error, "%s", restarted.error().message().c_str());
}

}  // namespace ambit::daemon
