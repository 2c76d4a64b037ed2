#include "dbus/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/strings.h"
#include "dbus/address.h"
#include "dbus/error_names.h"

namespace ambit::dbus {
namespace {

constexpr Target kBus = {.destination = "org.freedesktop.DBus",
                         .path = "/org/freedesktop/DBus",
                         .interface = "org.freedesktop.DBus",
                         .member = ""};
constexpr char kSystemBus[] = "unix:path=/run/dbus/system_bus_socket";
constexpr timeval kSendTimeout = {.tv_sec = 25, .tv_usec = 0};
// Signals that nobody waits for are no reason to grow.
constexpr std::size_t kMaxKept = 1024;
constexpr std::size_t kMaxGreeting = 4096;

// The bus looks at the socket for who we are, and a name of our own would be wrong in a user
// namespace: none is sent. The answer is not waited for, since what follows is the same whatever it
// is.
constexpr char kGreeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

Target bus_method(std::string_view member) {
  Target target = kBus;
  target.member = member;
  return target;
}

std::string user_address() {
  if (const char* set = std::getenv("DBUS_SESSION_BUS_ADDRESS")) return set;
  return "unix:runtime=yes";
}

std::string system_address() {
  const char* set = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  return set != nullptr ? set : kSystemBus;
}

Error no_system_bus(const Error& cause) {
  return Error(cause)
      .context("no system bus at " + system_address())
      .with_code(ErrorCode::HostUnsupported);
}

Result<UniqueFd> connect_to(const Address& address) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::from_errno(errno, "socket");
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout) < 0)
    return Error::from_errno(errno, "SO_SNDTIMEO");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) < 0)
    return Error::from_errno(errno, "connect");
  return socket;
}

Result<UniqueFd> connect_to_first(const std::string& text) {
  const std::vector<Address> addresses = AMBIT_TRY(parse_address(text));
  Result<UniqueFd> socket = Error(ErrorCode::Internal, "no address");
  for (const Address& address : addresses) {
    socket = connect_to(address);
    if (socket) break;
  }
  return socket;
}

int milliseconds_to(Connection::Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, 3'600'000));
}

Error failure_of(const Received& reply) {
  Reader body(reply.body);
  const auto text = reply.signature.compare(0, 1, "s") == 0 ? body.string() : std::string();
  return failure(reply.error_name, text ? *text : std::string());
}

}  // namespace

Result<Connection> Connection::open(BusKind kind) {
  const bool is_users = kind == BusKind::User;
  auto socket = connect_to_first(is_users ? user_address() : system_address());
  if (!socket) return is_users ? no_user_bus(socket.error()) : no_system_bus(socket.error());
  Connection connection = take(*std::move(socket));
  // Nobody waits for the answer, which is our name; a bus that refuses hangs up.
  connection.call(bus_method("Hello"));
  return connection;
}

Connection Connection::take(UniqueFd socket) {
  Connection connection(std::move(socket));
  connection.output_.assign(kGreeting, sizeof kGreeting - 1);
  return connection;
}

void Connection::add_match(const std::string& rule) { call(bus_method("AddMatch"), rule); }

Result<void> Connection::flush() {
  std::string_view rest = output_;
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return Error(ErrorCode::Timeout, "the bus takes no message");
    if (sent < 0) return Error::from_errno(errno, "sending to the bus");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  output_.clear();
  return {};
}

// What is there, or comes before the deadline.
Result<void> Connection::receive(Deadline deadline) {
  pollfd poll_fd = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&poll_fd, 1, milliseconds_to(deadline));
  if (ready < 0 && errno == EINTR) return {};
  if (ready < 0) return Error::from_errno(errno, "poll");
  if (ready == 0) return Error(ErrorCode::Timeout, "no answer");
  char chunk[8192];
  const ssize_t count = ::recv(socket_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count < 0) return Error::from_errno(errno, "receiving from the bus");
  if (count == 0) return Error(ErrorCode::Io, "the bus has hung up");
  input_.append(chunk, static_cast<std::size_t>(count));
  return take_messages();
}

// The lines of the authentication, up to the one that accepts us. False: they are not all there.
Result<bool> Connection::take_greeting() {
  for (;;) {
    const std::size_t end = input_.find("\r\n");
    if (end == std::string::npos) {
      if (input_.size() > kMaxGreeting) return Error(ErrorCode::Corrupt, "this is no bus");
      return false;
    }
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 2);
    if (line.compare(0, 3, "OK ") == 0) return true;
    if (line != "DATA") return Error(ErrorCode::PermissionDenied, "the bus refuses us: " + line);
  }
}

Result<void> Connection::take_messages() {
  if (!is_accepted_) is_accepted_ = AMBIT_TRY(take_greeting());
  if (!is_accepted_) return {};
  for (;;) {
    const auto size = AMBIT_TRY(message_size(input_));
    if (!size || input_.size() < *size) return {};
    inbox_.push_back(AMBIT_TRY(parse_message(std::string_view(input_).substr(0, *size))));
    input_.erase(0, *size);
    if (inbox_.size() > kMaxKept) inbox_.pop_front();
  }
}

Result<Received> Connection::wait_for(const std::function<bool(const Received&)>& wanted,
                                      Deadline deadline) {
  AMBIT_TRY(flush());
  for (;;) {
    const auto found = std::find_if(inbox_.begin(), inbox_.end(), wanted);
    if (found != inbox_.end()) {
      Received message = std::move(*found);
      inbox_.erase(found);
      return message;
    }
    AMBIT_TRY(receive(deadline));
  }
}

Result<Received> Connection::wait_reply(std::uint32_t serial, Deadline deadline) {
  Received reply = AMBIT_TRY(wait_for(
      [serial](const Received& message) {
        return message.reply_serial == serial &&
               (message.type == MessageType::Return || message.type == MessageType::Error);
      },
      deadline));
  if (reply.type == MessageType::Error) return failure_of(reply);
  return reply;
}

Result<Received> Connection::wait_signal(const std::function<bool(const Received&)>& wanted,
                                         Deadline deadline) {
  return wait_for(
      [&wanted](const Received& message) {
        return message.type == MessageType::Signal && wanted(message);
      },
      deadline);
}

}  // namespace ambit::dbus
