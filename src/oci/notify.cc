#include "oci/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/strings.h"
#include "oci/environment.h"
#include "os/file.h"
#include "os/path.h"
#include "os/socket.h"
#include "spec/notify_message.h"

namespace ambit::oci {
namespace {

constexpr char kVariable[] = "NOTIFY_SOCKET";
constexpr char kName[] = "notify";  // of the socket, in the folder that the container sees
// Where the caller's is no path (an abstract one, or one of another machine).
constexpr char kUsualPlace[] = "/run/notify";
constexpr int kMaxAtOnce = 16;

// A caller who doesn't read holds nothing up for longer.
constexpr int kTimeoutMs = 5000;

// Empty where nobody listens: sd_notify(3) has no word about failure for the container either.
UniqueFd connect_to(const std::string& address) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (address.size() >= sizeof name.sun_path) return UniqueFd();
  std::memcpy(name.sun_path, address.data(), address.size());
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  const bool is_path = name.sun_path[0] == '/';
  const std::size_t length = offsetof(sockaddr_un, sun_path) + address.size() + (is_path ? 1 : 0);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return UniqueFd();
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name),
                static_cast<socklen_t>(length)) < 0)
    return UniqueFd();
  return socket;
}

bool send(int socket_fd, const std::string& text, const std::vector<int>& fds = {}) {
  auto sent = os::send_packet(socket_fd, text, fds);
  if (sent || sent.error().code() != ErrorCode::Busy) return static_cast<bool>(sent);
  pollfd poll_fd = {.fd = socket_fd, .events = POLLOUT, .revents = 0};
  return ::poll(&poll_fd, 1, kTimeoutMs) > 0 && os::send_packet(socket_fd, text, fds);
}

// A service manager tells by the sender's process whose message it is: that has to be there until
// it was read, which closes the descriptor that comes along (sd_notify_barrier(3)).
void await_reading(int socket_fd) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return;
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  if (!send(socket_fd, "BARRIER=1", {write_end.get()})) return;
  write_end.reset();
  pollfd poll_fd = {.fd = read_end.get(), .events = 0, .revents = 0};
  (void)::poll(&poll_fd, 1, kTimeoutMs);
}

}  // namespace

NotifyProxy NotifyProxy::of_caller() {
  NotifyProxy proxy;
  const char* address = std::getenv(kVariable);
  if (address == nullptr) return proxy;
  proxy.address_ = address;
  (void)::unsetenv(kVariable);
  return proxy;
}

Result<void> NotifyProxy::add_to(const StateFolder& folder, spec::RuntimeSpec& spec) const {
  if (address_.empty()) return {};
  if (::mkdirat(folder.fd(), StateFolder::kNotifyFolder, 0755) < 0)
    return Error::from_errno(errno, "folder for notifications: mkdirat");
  const std::string state = AMBIT_TRY(os::read_link_at(AT_FDCWD, os::fd_path(folder.fd())));
  const std::string place = address_.front() == '/' ? address_ : kUsualPlace;
  // Read-only: what the container made there would be the host's.
  spec.mounts.push_back({.destination = place,
                         .type = "bind",
                         .source = state + "/" + StateFolder::kNotifyFolder,
                         .options = {"bind", "rprivate", "ro", "nosuid", "nodev", "noexec"}});
  set_variable(spec.process.env, std::string(kVariable) + "=" + place + "/" + kName);
  return {};
}

Result<void> NotifyProxy::listen(const StateFolder& folder) {
  if (address_.empty()) return {};
  auto place =
      os::open_at(folder.fd(), StateFolder::kNotifyFolder, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  // The container was created by somebody without NOTIFY_SOCKET.
  if (!place && place.error().code() == ErrorCode::NotFound) return {};
  const UniqueFd opened = AMBIT_TRY(std::move(place));
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return Error::from_errno(errno, "socket for notifications");
  (void)::unlinkat(opened.get(), kName, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  const std::string path = os::fd_path(opened.get()) + "/" + kName;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0)
    return Error::from_errno(errno, "binding the socket for notifications");
  // Users of the container who are not its root have other ids than we.
  if (::fchmodat(opened.get(), kName, 0666, 0) < 0)
    return Error::from_errno(errno, "socket for notifications: chmod");
  socket_ = std::move(socket);
  return {};
}

bool NotifyProxy::pass_on(pid_t main_pid) const {
  spec::NotifyMessage message;
  for (int i = 0; i < kMaxAtOnce; ++i) {
    // Descriptors that come along are closed, which tells who waits for that that his word has been
    // read (sd_notify_barrier(3)).
    const auto packet = os::receive_packet(socket_.get());
    if (!packet) break;
    message.add(spec::parse_notify_message((*packet).bytes));
  }
  if (message.empty()) return false;
  std::string text = spec::write_notify_message(message);
  if (message.ready && main_pid > 0) text = strf("MAINPID=%d\n", static_cast<int>(main_pid)) + text;
  if (const UniqueFd caller = connect_to(address_)) {
    (void)send(caller.get(), text);
    // This program ends next.
    if (message.ready && main_pid > 0) await_reading(caller.get());
  }
  return message.ready;
}

void NotifyProxy::wait_until_ready(int pidfd, pid_t main_pid) const {
  if (!socket_) return;
  // It has ended already.
  if (pidfd < 0) {
    (void)pass_on(main_pid);
    return;
  }
  for (;;) {
    pollfd polls[] = {{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                      {.fd = pidfd, .events = POLLIN, .revents = 0}};
    if (::poll(polls, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (polls[0].revents != 0 && pass_on(main_pid)) return;
    if (polls[1].revents != 0) return;
  }
}

}  // namespace ambit::oci
