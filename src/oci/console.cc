#include "oci/console.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "os/file.h"
#include "os/path.h"

namespace ambit::oci {

// An O_PATH descriptor's magic link leads to the socket, and is short.
Result<UniqueFd> connect_stream(const std::string& path) {
  const UniqueFd file = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_PATH));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::from_errno(errno, "socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string link = os::fd_path(file.get());
  std::memcpy(address.sun_path, link.c_str(), link.size() + 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return Error::from_errno(errno, "socket " + path + ": connect");
  return socket;
}

Result<void> send_console(const std::string& path, int master_fd) {
  const UniqueFd socket = AMBIT_TRY(connect_stream(path).context("console socket"));
  char name[] = "/dev/ptmx";
  iovec part = {.iov_base = name, .iov_len = sizeof name - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &master_fd, sizeof master_fd);
  if (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0)
    return Error::from_errno(errno, "console socket " + path + ": sendmsg");
  return {};
}

}  // namespace ambit::oci
