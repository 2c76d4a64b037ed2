#include "os/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "os/path.h"

namespace ambit::os {
namespace {

constexpr int kBacklog = 64;

Result<sockaddr_un> address_in(int dir_fd, const std::string& name) {
  const std::string path = fd_path(dir_fd) + "/" + name;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error(ErrorCode::InvalidArgument, "socket name too long: " + name);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<UniqueFd> new_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Error::from_errno(errno, "socket");
  return fd;
}

Error io_error(int err, const char* what) {
  Error error = Error::from_errno(err, what);
  return err == EAGAIN ? std::move(error).with_code(ErrorCode::Busy) : error;
}

void take_fds(msghdr& header, std::vector<UniqueFd>& out) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      out.emplace_back(fd);
    }
  }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> packet_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
    return Error::from_errno(errno, "socketpair");
  return std::make_pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> wait_readable(int fd) {
  pollfd poll_fd = {.fd = fd, .events = POLLIN, .revents = 0};
  while (::poll(&poll_fd, 1, -1) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "poll");
  return {};
}

Result<void> bind_in(int socket_fd, int dir_fd, const std::string& name) {
  const sockaddr_un address = AMBIT_TRY(address_in(dir_fd, name));
  if (::unlinkat(dir_fd, name.c_str(), 0) < 0 && errno != ENOENT)
    return Error::from_errno(errno, "removing the old " + name);
  if (::bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return Error::from_errno(errno, "bind " + name);
  return {};
}

Result<UniqueFd> listen_packets(int dir_fd, const std::string& name) {
  UniqueFd fd = AMBIT_TRY(new_socket());
  // Before bind(), so that the node never exists with wider rights.
  if (::fchmod(fd.get(), 0600) < 0) return Error::from_errno(errno, "fchmod of a socket");
  AMBIT_TRY(bind_in(fd.get(), dir_fd, name));
  if (::listen(fd.get(), kBacklog) < 0) return Error::from_errno(errno, "listen " + name);
  return fd;
}

Result<UniqueFd> connect_packets(int dir_fd, const std::string& name) {
  UniqueFd fd = AMBIT_TRY(new_socket());
  const sockaddr_un address = AMBIT_TRY(address_in(dir_fd, name));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return io_error(errno, ("connect " + name).c_str());
  return fd;
}

Result<void> send_packet(int socket_fd, std::string_view bytes, const std::vector<int>& fds) {
  if (bytes.size() > kMaxMessageBytes || fds.size() > kMaxMessageFds)
    return Error(ErrorCode::InvalidArgument,
                 strf("message of %zu bytes is too long", bytes.size()));
  iovec part = {const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxMessageFds * sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
  }
  while (::sendmsg(socket_fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    return io_error(errno, "sendmsg");
  }
  return {};
}

Result<Packet> receive_packet(int socket_fd) {
  static thread_local char buffer[kMaxMessageBytes];
  iovec part = {buffer, sizeof buffer};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxMessageFds * sizeof(int))];
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno == ECONNRESET) n = 0;
  if (n < 0) return io_error(errno, "recvmsg");

  Packet packet;
  take_fds(header, packet.fds);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return Error(ErrorCode::Corrupt, "a message was cut short");
  if (n == 0) packet.closed = true;
  packet.bytes.assign(buffer, static_cast<std::size_t>(n));
  return packet;
}

}  // namespace ambit::os
