#include "sandbox/start_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "os/socket.h"
#include "sandbox/channel.h"
#include "sandbox/command.h"

namespace ambit::sandbox {
namespace {

Error explain(ChildMessage message) {
  if (message.word == ChildWord::ExecFailed) return explain_exec(message.text, message.number);
  return Error::received(static_cast<ErrorCode>(message.code), message.number,
                         std::move(message.text));
}

}  // namespace

Result<UniqueFd> wait_for_start(int listening_fd) {
  for (;;) {
    AMBIT_TRY(os::wait_readable(listening_fd));
    UniqueFd connection(::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection) return connection;
    // One that has gone again before it was accepted.
    if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
      return Error::from_errno(errno, "start socket: accept4");
  }
}

Result<void> start_created(int dir_fd, const std::string& name) {
  auto connected = os::connect_packets(dir_fd, name);
  if (!connected && connected.error().sys_errno() == ECONNREFUSED)
    return std::move(connected).error().with_code(ErrorCode::NotRunning);
  const UniqueFd socket = AMBIT_TRY(std::move(connected));
  bool executing = false;
  for (;;) {
    AMBIT_TRY(os::wait_readable(socket.get()));
    auto packet = os::receive_packet(socket.get());
    if (!packet && packet.error().code() == ErrorCode::Busy) continue;
    if (!packet && packet.error().sys_errno() != ECONNRESET) return std::move(packet).error();
    if (!packet || (*packet).closed) break;
    ChildMessage message = AMBIT_TRY(parse_child_message((*packet).bytes));
    if (message.word != ChildWord::Executing) return explain(std::move(message));
    executing = true;
  }
  if (executing) return {};
  return Error(ErrorCode::NotRunning, "the container's process ended before its command ran");
}

}  // namespace ambit::sandbox
