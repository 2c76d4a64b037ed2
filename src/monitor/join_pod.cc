#include "monitor/join_pod.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "monitor/poll_set.h"
#include "os/socket.h"
#include "spec/monitor_message.h"

namespace ambit::monitor {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr char kJoining[] = "joining the pod";

Result<os::Packet> await_packet(int socket_fd) {
  PollSet polls;
  const PollSet::Clock::time_point end = PollSet::Clock::now() + kPatience;
  for (;;) {
    auto packet = os::receive_packet(socket_fd);
    if (packet || packet.error().code() != ErrorCode::Busy) return packet;
    if (PollSet::Clock::now() >= end)
      return Error(ErrorCode::Timeout, "its holder does not answer; is it frozen?");
    polls.clear();
    polls.want(socket_fd, POLLIN);
    polls.wake_at(end);
    AMBIT_TRY(polls.wait());
  }
}

}  // namespace

Result<PodGifts> receive_from_pod(UniqueFd socket) {
  os::Packet packet = AMBIT_TRY(await_packet(socket.get()).context(kJoining));
  if (packet.closed)
    return Error(ErrorCode::NotRunning, std::string(kJoining) + ": its holder has ended");
  spec::MonitorMessage message = AMBIT_TRY(spec::parse_monitor_message(packet.bytes));
  if (message.type != spec::MonitorMessageType::Given)
    return Error::received(message.code, message.sys_errno, std::move(message.text))
        .context(kJoining);
  PodGifts gifts;
  std::size_t count = 0;
  for (std::string& name : split(message.text, ' '))
    if (!name.empty() && count < packet.fds.size())
      gifts.by_name.emplace(std::move(name), packet.fds[count++].get());
  gifts.fds = std::move(packet.fds);
  return gifts;
}

}  // namespace ambit::monitor
