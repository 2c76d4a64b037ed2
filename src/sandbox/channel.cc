#include "sandbox/channel.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace ambit::sandbox {
namespace {

// The words travel between processes of one program: native layout.
struct Header {
  ChildWord word;
  std::int32_t code;
  std::int32_t number;
};

constexpr int kFailedExitCode = 125;

Error parent_is_gone() { return Error(ErrorCode::NotRunning, "the parent is gone"); }

Result<short> poll_once(int fd, int timeout_ms) {
  pollfd poll_fd = {.fd = fd, .events = POLLIN, .revents = 0};
  while (::poll(&poll_fd, 1, timeout_ms) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "poll");
  return poll_fd.revents;
}

}  // namespace

std::string write_child_message(const ChildMessage& message) {
  const Header header = {message.word, message.code, message.number};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + message.text;
}

Result<ChildMessage> parse_child_message(const std::string& bytes) {
  Header header = {};
  if (bytes.size() < sizeof header) return Error(ErrorCode::Internal, "short message of a child");
  std::memcpy(&header, bytes.data(), sizeof header);
  return ChildMessage{.word = header.word,
                      .code = header.code,
                      .number = header.number,
                      .text = bytes.substr(sizeof header)};
}

Result<void> say(int socket_fd, ParentWord word, const std::string& text) {
  return os::send_packet(socket_fd, static_cast<char>(word) + text);
}

Result<StagePage> StagePage::create() {
  void* page = ::mmap(nullptr, sizeof(const char*), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return Error::from_errno(errno, "mmap");
  StagePage stage(static_cast<const char* volatile*>(page));
  stage.set("starting");
  return stage;
}

StagePage::~StagePage() {
  if (stage_ != nullptr) (void)::munmap(const_cast<const char**>(stage_), sizeof(const char*));
}

Result<void> ChildChannel::send(const ChildMessage& message, int fd) const {
  std::vector<int> fds;
  if (fd >= 0) fds.push_back(fd);
  return os::send_packet(socket_fd_, write_child_message(message), fds);
}

Result<std::string> ChildChannel::wait_for(ParentWord word) const {
  AMBIT_TRY(poll_once(socket_fd_, -1));
  const os::Packet packet = AMBIT_TRY(os::receive_packet(socket_fd_));
  if (packet.closed) return parent_is_gone();
  if (packet.bytes.empty() || packet.bytes.front() != static_cast<char>(word))
    return Error(ErrorCode::Internal, "unexpected word of the parent: " + packet.bytes);
  return packet.bytes.substr(1);
}

Result<void> ChildChannel::die_with_parent() const {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    return Error::from_errno(errno, "PR_SET_PDEATHSIG");
  if ((AMBIT_TRY(poll_once(socket_fd_, 0)) & POLLHUP) != 0) return parent_is_gone();
  return {};
}

void ChildChannel::outlive_parent() { (void)::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }

void ChildChannel::fail(const Error& error) const {
  // A parent that is gone needs no report.
  (void)send({.word = ChildWord::Failed,
              .code = static_cast<std::int32_t>(error.code()),
              .number = error.sys_errno(),
              .text = error.message()});
  ::_exit(kFailedExitCode);
}

}  // namespace ambit::sandbox
