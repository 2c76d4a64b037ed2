#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "dbus/connection.h"
#include "unit/bus/peers.h"

namespace ambit::test {

// Our connection, with sd-bus at its other end: what both think of a message is the same, or one
// of them is wrong.
class SdBusPeer {
 public:
  SdBusPeer() {
    int fds[2];
    sd_id128_t id;
    sd_bus* raw = nullptr;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
        sd_id128_randomize(&id) < 0 || sd_bus_new(&raw) < 0)
      throw std::runtime_error("setting up a peer");
    server = bus::Bus::take(raw);
    if (sd_bus_set_fd(raw, fds[1], fds[1]) < 0 || sd_bus_set_server(raw, 1, id) < 0 ||
        sd_bus_start(raw) < 0 || !server.attach(loop))
      throw std::runtime_error("setting up a peer");
    client.emplace(dbus::Connection::take(UniqueFd(fds[0])));
    if (sd_bus_add_filter(raw, nullptr, take_call, this) < 0)
      throw std::runtime_error("setting up a peer");
    // As a server sd-bus does not look at what came along with the greeting until more comes.
    if (!client->flush()) throw std::runtime_error("greeting a peer");
    while (sd_bus_is_ready(raw) == 0)
      if (!loop.run_once(std::chrono::seconds(10))) throw std::runtime_error("greeting a peer");
  }

  // The next call that sd-bus takes in; none after ten seconds.
  bus::Message receive() {
    call = bus::Message();
    if (!client->flush()) return {};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!call && std::chrono::steady_clock::now() < deadline)
      if (!loop.run_once(std::chrono::milliseconds(100))) break;
    return std::move(call);
  }

  bus::EventLoop loop = *bus::EventLoop::create();
  bus::Bus server = bus::Bus::take(nullptr);
  std::optional<dbus::Connection> client;
  bus::Message call;

 private:
  // 1: sd-bus is not to answer it.
  static int take_call(sd_bus_message* message, void* self, sd_bus_error*) {
    if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
    static_cast<SdBusPeer*>(self)->call = bus::Message::share(*message);
    return 1;
  }
};

}  // namespace ambit::test
