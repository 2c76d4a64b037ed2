#pragma once

#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include <chrono>
#include <functional>
#include <stdexcept>

#include "bus/bus.h"
#include "bus/event_loop.h"

namespace ambit::test {

// Two connected peers without a bus between them, on one loop.
struct Peers {
  bus::EventLoop loop = *bus::EventLoop::create();
  bus::Bus client = bus::Bus::take(nullptr);
  bus::Bus server = bus::Bus::take(nullptr);

  Peers() {
    int fds[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    sd_id128_t id;
    require(sd_id128_randomize(&id));
    client = connect(fds[0], nullptr);
    server = connect(fds[1], &id);
    require(client.attach(loop).has_value() ? 0 : -1);
    require(server.attach(loop).has_value() ? 0 : -1);
  }

  // Runs the loop until `done`; false where that takes longer than ten seconds.
  bool run_until(const std::function<bool()>& done) {
    using std::chrono::steady_clock;
    const auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (steady_clock::now() > deadline) return false;
      if (!loop.run_once(std::chrono::milliseconds(100))) return false;
    }
    return true;
  }

 private:
  static void require(int r) {
    if (r < 0) throw std::runtime_error("setting up two peers");
  }
  static bus::Bus connect(int fd, const sd_id128_t* server_id) {
    sd_bus* raw = nullptr;
    require(sd_bus_new(&raw));
    require(sd_bus_set_fd(raw, fd, fd));
    require(sd_bus_negotiate_fds(raw, 1));
    if (server_id != nullptr) require(sd_bus_set_server(raw, 1, *server_id));
    require(sd_bus_start(raw));
    return bus::Bus::take(raw);
  }
};

}  // namespace ambit::test
