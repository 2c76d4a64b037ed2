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
#include "os/socket.h"

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
  return os::send_packet(socket.get(), "/dev/ptmx", {master_fd}).context("console socket " + path);
}

}  // namespace ambit::oci
