#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/event_loop.h"
#include "spec/monitor_message.h"

namespace ambit::engine {

// ambitd's end of the conversation with one monitor, on the event loop.
class MonitorLink {
 public:
  using OnMessage = std::function<void(spec::MonitorMessage, std::vector<UniqueFd>)>;
  // The monitor is gone, or what it says can't be understood. Nothing comes after it.
  using OnClosed = std::function<void()>;

  static Result<MonitorLink> create(bus::EventLoop& loop, UniqueFd socket, OnMessage on_message,
                                    OnClosed on_closed);

  Result<void> send(const spec::MonitorMessage& message);

 private:
  struct State;
  explicit MonitorLink(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static void receive(const std::shared_ptr<State>& state);

  // Shared with the callback under way, which may destroy the link.
  std::shared_ptr<State> state_;
};

}  // namespace ambit::engine
