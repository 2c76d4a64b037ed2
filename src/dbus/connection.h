#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dbus/message.h"

// A D-Bus client for programs that make a call or two and have no time for more: no event loop, no
// libsystemd to be loaded, and everything up to the first answer that is waited for goes out at
// once. Services and what needs descriptors use src/bus.
namespace ambit::dbus {

enum class BusKind { User, System };

class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Connects. The bus's answers to our greetings are waited for with the first reply, not here.
  // HostUnsupported, with the fix, where there is no bus.
  static Result<Connection> open(BusKind kind);

  // Speaks to whoever is at the other end of a stream socket, a bus or not. For tests.
  static Connection take(UniqueFd socket);

  // Queues a call, and returns its number.
  template <typename... Ts>
  std::uint32_t call(const Target& target, const Ts&... arguments) {
    const std::uint32_t serial = next_serial_++;
    output_ += write_call(target, serial, arguments...);
    return serial;
  }

  // Signals of that description come in from here on.
  void add_match(const std::string& rule);

  // Writes out what is queued. Timeout where the bus takes nothing for 25 s.
  Result<void> flush();

  // The answer to a call; the failure that an error reply stands for; Timeout at the deadline.
  // Signals that come meanwhile are kept for wait_signal().
  Result<Received> wait_reply(std::uint32_t serial, Deadline deadline);

  // The first signal, of those kept and those to come, that `wanted` is true of.
  Result<Received> wait_signal(const std::function<bool(const Received&)>& wanted,
                               Deadline deadline);

 private:
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}

  Result<void> receive(Deadline deadline);
  Result<void> take_messages();
  Result<bool> take_greeting();
  Result<Received> wait_for(const std::function<bool(const Received&)>& wanted, Deadline deadline);

  UniqueFd socket_;
  std::string output_;
  std::string input_;
  std::deque<Received> inbox_;
  std::uint32_t next_serial_ = 1;
  bool is_accepted_ = false;  // by the authentication
};

}  // namespace ambit::dbus
