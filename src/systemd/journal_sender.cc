#include "systemd/journal_sender.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "os/file.h"
#include "systemd/event.h"

namespace ambit::systemd {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBatchRecords = 32;
constexpr std::size_t kKeptBytes = 16384;  // of the queue's memory, once it is empty
constexpr milliseconds kFirstBackoff{10};
constexpr milliseconds kLongestBackoff{1000};
constexpr int kSendBuffer = 8 << 20;  // cut by net.core.wmem_max; as sd_journal_sendv does

bool needs_binary_form(std::string_view value) {
  // Without an early end, so that the compiler makes vector code of it.
  bool found = false;
  for (const char c : value) found |= static_cast<unsigned char>(c) < 0x20 && c != '\t';
  return found;
}

void append_le64(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

}  // namespace

void append_journal_field(std::string& record, std::string_view name, std::string_view value) {
  record += name;
  if (needs_binary_form(value)) {
    record += '\n';
    append_le64(record, value.size());
  } else {
    record += '=';
  }
  record += value;
  record += '\n';
}

JournalSender::Options JournalSender::Options::from_environment() {
  Options options;
  if (const char* path = std::getenv("AMBIT_JOURNAL_SOCKET")) options.socket_path = path;
  return options;
}

JournalSender::JournalSender(std::string common_fields, Options options)
    : common_(std::move(common_fields)), options_(std::move(options)) {}

void JournalSender::queue(std::string_view record) {
  const auto is_over = [&] {
    return !fd_ && !is_empty() && unsent_bytes() + record.size() > options_.buffer_bytes;
  };
  if (is_over()) flush();
  if (is_over()) {
    ++dropped_;
    ++unreported_;
    return;
  }
  append(record);
  // A full socket is tried again when poll() says so, not for every record.
  if (ends_.size() - next_ >= kBatchRecords && !is_full_) flush();
}

void JournalSender::flush() {
  is_full_ = false;
  while (!is_empty() || mark_wanted_) {
    if (!fd_ && !connect()) return;
    if (is_empty()) {
      ++system_calls_;
      if (::send(fd_.get(), "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) == 0) {
        mark_wanted_ = false;
      } else if (outcome_of(errno) != Outcome::Sent) {
        return;
      }
      continue;
    }
    if (send_batch() != Outcome::Sent) return;
    if (is_empty()) {
      forget_sent();
      report_dropped();
    }
  }
}

bool JournalSender::has_room() const {
  // While journald is away the queue takes what it can and drops the rest: the container goes on.
  return !fd_ || unsent_bytes() < options_.window_bytes;
}

std::optional<JournalSender::Clock::time_point> JournalSender::retry_at() const {
  if (fd_ || (is_empty() && !mark_wanted_)) return std::nullopt;
  return retry_at_;
}

void JournalSender::begin_drain() {
  if (!is_used_) return;
  report_dropped();
  mark_wanted_ = true;
  flush();
}

bool JournalSender::is_drained() {
  flush();
  if (!is_empty() || mark_wanted_) return false;
  int unread = 0;
  // A datagram counts against its sender until the receiver has taken it. The mark is the last:
  // journald takes it when it is done with the one before.
  return ::ioctl(fd_.get(), SIOCOUTQ, &unread) < 0 || unread == 0;
}

bool JournalSender::connect() {
  if (Clock::now() < retry_at_) return false;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::min(options_.socket_path.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, options_.socket_path.data(), size);

  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  system_calls_ += 3;
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
    fd_ = std::move(fd);
    return true;
  }
  disconnect();
  return false;
}

void JournalSender::disconnect() {
  fd_.reset();
  backoff_ = std::clamp<Clock::duration>(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  retry_at_ = Clock::now() + backoff_;
}

JournalSender::Outcome JournalSender::outcome_of(int err) {
  if (err == EINTR) return Outcome::Sent;  // nothing was sent, and nothing keeps us from it
  if (err == EAGAIN) {
    is_full_ = true;
    return Outcome::Full;
  }
  disconnect();
  return Outcome::Gone;
}

JournalSender::Outcome JournalSender::send_batch() {
  std::array<mmsghdr, kBatchRecords> messages = {};
  std::array<iovec, 2 * kBatchRecords> parts = {};
  const std::size_t count = std::min(kBatchRecords, ends_.size() - next_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view record = record_at(next_ + i);
    parts[2 * i] = {common_.data(), common_.size()};
    parts[2 * i + 1] = {const_cast<char*>(record.data()), record.size()};
    messages[i].msg_hdr.msg_iov = &parts[2 * i];
    messages[i].msg_hdr.msg_iovlen = 2;
  }
  ++system_calls_;
  const int sent = ::sendmmsg(fd_.get(), messages.data(), static_cast<unsigned>(count),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    next_ += static_cast<std::size_t>(sent);
    backoff_ = {};
    return Outcome::Sent;
  }
  // Longer than the socket's buffer allows: by descriptor.
  if (errno == EMSGSIZE || errno == ENOBUFS) return send_as_memfd(record_at(next_));
  return outcome_of(errno);
}

JournalSender::Outcome JournalSender::send_as_memfd(std::string_view record) {
  auto fd = os::sealed_memfd("journal-record", common_ + std::string(record));
  if (!fd) {  // no memory or no descriptor left: tried again a little later
    disconnect();
    return Outcome::Gone;
  }
  msghdr header = {};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = fd->get();
  std::memcpy(CMSG_DATA(c), &number, sizeof number);
  ++system_calls_;
  if (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return outcome_of(errno);
  ++next_;
  return Outcome::Sent;
}

std::string_view JournalSender::record_at(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

std::size_t JournalSender::unsent_bytes() const {
  return bytes_.size() - (next_ == 0 ? 0 : ends_[next_ - 1]);
}

void JournalSender::append(std::string_view record) {
  if (bytes_.size() - unsent_bytes() > options_.window_bytes) drop_sent_prefix();
  is_used_ = true;
  bytes_ += record;
  ends_.push_back(bytes_.size());
}

// Of a queue that is never quite empty, because journald is slower than the container.
void JournalSender::drop_sent_prefix() {
  const std::size_t sent = bytes_.size() - unsent_bytes();
  bytes_.erase(0, sent);
  ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(next_));
  for (std::size_t& end : ends_) end -= sent;
  next_ = 0;
}

void JournalSender::report_dropped() {
  if (unreported_ == 0) return;
  const std::string count = std::to_string(unreported_);
  unreported_ = 0;
  append(journal_record({.event = Event::ContainerLogDropped,
                         .priority = 4,
                         .message = count + " records of output lost while the journal was away",
                         .fields = {{"AMBIT_DROPPED_RECORDS", count}}}));
}

void JournalSender::forget_sent() {
  bytes_.clear();
  ends_.clear();
  next_ = 0;
  if (bytes_.capacity() <= kKeptBytes) return;
  bytes_.shrink_to_fit();
  ends_.shrink_to_fit();
}

}  // namespace ambit::systemd
