#include "engine/monitor_link.h"

#include <sys/epoll.h>

#include <utility>

#include "os/socket.h"

namespace ambit::engine {

struct MonitorLink::State {
  UniqueFd socket;
  OnMessage on_message;
  OnClosed on_closed;
  bus::EventSource source;
};

Result<MonitorLink> MonitorLink::create(bus::EventLoop& loop, UniqueFd socket, OnMessage on_message,
                                        OnClosed on_closed) {
  auto state = std::make_shared<State>();
  state->socket = std::move(socket);
  state->on_message = std::move(on_message);
  state->on_closed = std::move(on_closed);
  const std::weak_ptr<State> weak = state;
  state->source = AMBIT_TRY(loop.on_io(state->socket.get(), EPOLLIN, [weak](std::uint32_t) {
    if (const auto alive = weak.lock()) receive(alive);
  }));
  return MonitorLink(std::move(state));
}

// One message a turn: a talkative monitor does not keep the loop from others.
void MonitorLink::receive(const std::shared_ptr<State>& state) {
  auto packet = os::receive_packet(state->socket.get());
  if (!packet && packet.error().code() == ErrorCode::Busy) return;
  auto message = packet && !packet->closed
                     ? spec::parse_monitor_message(packet->bytes)
                     : Result<spec::MonitorMessage>(Error(ErrorCode::Io, "closed"));
  if (message) {
    state->on_message(*std::move(message), std::move(packet->fds));
    return;
  }
  state->source.reset();
  state->on_closed();
}

Result<void> MonitorLink::send(const spec::MonitorMessage& message) {
  return os::send_packet(state_->socket.get(), spec::write_monitor_message(message));
}

}  // namespace ambit::engine
