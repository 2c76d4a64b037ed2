#include "monitor/control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "os/socket.h"

namespace ambit::monitor {
namespace {

constexpr std::size_t kMaxPeers = 32;

}  // namespace

void Control::Peer::send(const spec::MonitorMessage& message, const std::vector<int>& fds) {
  if (!fd_) return;
  if (!os::send_packet(fd_.get(), spec::write_monitor_message(message), fds)) fd_.reset();
}

Control::Control(UniqueFd first) {
  peers_.emplace_back(std::move(first));
  peers_.front().subscribe();
}

Result<void> Control::listen(int run_fd) {
  listener_ = AMBIT_TRY(os::listen_packets(run_fd, spec::kMonitorSocketName));
  return {};
}

void Control::unlisten(int run_fd) {
  if (!listener_) return;
  listener_.reset();
  (void)::unlinkat(run_fd, spec::kMonitorSocketName, 0);
}

void Control::tell_all(const spec::MonitorMessage& message) {
  for (Peer& peer : peers_)
    if (peer.is_subscribed_) peer.send(message);
}

void Control::prepare(PollSet& polls) const {
  if (peers_.size() <= kMaxPeers) polls.want(listener_.get(), POLLIN);
  for (const Peer& peer : peers_) polls.want(peer.fd_.get(), POLLIN);
}

void Control::dispatch(const PollSet& polls, const Handler& handler) {
  for (Peer& peer : peers_)
    if (peer.fd_ && polls.ready(peer.fd_.get()) != 0) receive_all(peer, handler);
  for (auto peer = std::next(peers_.begin()); peer != peers_.end();)
    peer = peer->fd_ ? std::next(peer) : peers_.erase(peer);
  if (listener_ && polls.ready(listener_.get()) != 0) accept_all();
}

void Control::accept_all() {
  while (peers_.size() <= kMaxPeers) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    peers_.emplace_back(std::move(fd));
  }
}

void Control::receive_all(Peer& peer, const Handler& handler) {
  while (peer.fd_) {
    auto packet = os::receive_packet(peer.fd_.get());
    if (!packet && packet.error().code() == ErrorCode::Busy) return;
    if (!packet || packet->closed) return peer.fd_.reset();
    const auto message = spec::parse_monitor_message(packet->bytes);
    if (!message) return peer.fd_.reset();
    handler(peer, *message);
  }
}

}  // namespace ambit::monitor
