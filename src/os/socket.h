#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

// AF_UNIX sockets of messages (SOCK_SEQPACKET) that carry descriptors.
namespace ambit::os {

constexpr std::size_t kMaxMessageBytes = 65536;
constexpr std::size_t kMaxMessageFds = 16;

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
  bool closed = false;  // the peer is gone; nothing else is set
};

// Blocks until there is something to be received, or the peer is gone.
Result<void> wait_readable(int fd);

// A connected pair, both ends CLOEXEC and non-blocking.
Result<std::pair<UniqueFd, UniqueFd>> packet_pair();

// Gives an AF_UNIX socket the name `name` inside `dir_fd`; what is there is replaced. The folder's
// path may be longer than sun_path: the bind goes through /proc/self/fd.
Result<void> bind_in(int socket_fd, int dir_fd, const std::string& name);

// A listening socket at `name` inside `dir_fd` as bind_in() makes it, mode 0600.
Result<UniqueFd> listen_packets(int dir_fd, const std::string& name);

// Connects to it. NotFound where there is no socket, Io (ECONNREFUSED) where nobody listens.
Result<UniqueFd> connect_packets(int dir_fd, const std::string& name);

// Sends one message, never blocking: Busy where the peer's buffer is full, Io (EPIPE) where the
// peer is gone. No SIGPIPE.
Result<void> send_packet(int socket_fd, std::string_view bytes, const std::vector<int>& fds = {});

// Takes one message; Busy (EAGAIN) where none is there. Descriptors arrive CLOEXEC. A message that
// was cut short is Corrupt.
Result<Packet> receive_packet(int socket_fd);

}  // namespace ambit::os
