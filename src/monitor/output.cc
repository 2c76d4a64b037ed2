#include "monitor/output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ambit::monitor {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;  // what a pipe holds
constexpr std::size_t kPageBytes = 4096;

// Touched only while a container prints.
alignas(kPageBytes) char read_buffer[kReadBytes];
bool is_buffer_touched = false;

}  // namespace

Output::Output(UniqueFd source, LogStream* log, LineEnds line_ends)
    : source_(std::move(source)), log_(log), line_ends_(line_ends) {
  const int flags = ::fcntl(source_.get(), F_GETFL);
  (void)::fcntl(source_.get(), F_SETFL, flags | O_NONBLOCK);
}

void Output::add_client(UniqueFd fd, ClientSink::Kind kind) {
  clients_.emplace_back(std::move(fd), kind);
}

bool Output::may_read(Clock::time_point now) const {
  if (log_ != nullptr && !log_->has_room(now)) return false;
  return is_draining_ || !is_behind(ClientSink::Kind::Primary);
}

void Output::prepare(PollSet& polls, Clock::time_point now) const {
  for (const ClientSink& client : clients_) client.prepare(polls);
  const bool rests = !is_draining_ && pace_.is_resting(now);
  if (source_ && rests) polls.wake_at(pace_.rest_until());
  if (source_ && !rests && may_read(now)) polls.want(source_.get(), POLLIN);
  // Draining ends with a read that finds nothing, which no event announces.
  if (source_ && is_draining_ && may_read(now)) polls.wake_at(now);
  if (log_ != nullptr) polls.wake_at(log_->deadline());
  if (source_ && log_ != nullptr) polls.wake_at(log_->room_at());
}

void Output::dispatch(const PollSet& polls, Clock::time_point now) {
  for (ClientSink& client : clients_) client.dispatch(polls);
  clients_.remove_if([](const ClientSink& client) { return !client.is_open(); });
  if (log_ != nullptr) log_->on_deadline(now);
  if (!source_ || !may_read(now)) return;
  if (is_draining_ || polls.ready(source_.get()) != 0) read_once(now);
}

void Output::read_once(Clock::time_point now) {
  // One byte is kept free in front where a CR may be held.
  const std::size_t offset = line_ends_ == LineEnds::OfFiles ? 1 : 0;
  const ssize_t n = ::read(source_.get(), read_buffer + offset, sizeof read_buffer - offset);
  if (n < 0 && errno == EINTR) return;
  if (n < 0 && errno == EAGAIN) {
    if (is_draining_) end(now);
    return;
  }
  // EIO: a pty whose last user has closed it.
  if (n <= 0) return end(now);
  is_buffer_touched = true;
  pace_.note_read(static_cast<std::size_t>(n), now);
  const auto count = static_cast<std::size_t>(n);
  deliver(offset == 0 ? std::string_view(read_buffer, count) : with_plain_line_ends(count), now);
}

// `count` bytes from the second one of the buffer on, in place.
std::string_view Output::with_plain_line_ends(std::size_t count) {
  std::size_t end = 0;
  for (std::size_t i = 1; i <= count; ++i) {
    const char c = read_buffer[i];
    // systemd writes CR LF itself, of which the terminal makes CR CR LF.
    if (holds_return_ && c != '\n' && c != '\r') read_buffer[end++] = '\r';
    holds_return_ = c == '\r';
    if (!holds_return_) read_buffer[end++] = c;
  }
  return {read_buffer, end};
}

void Output::deliver(std::string_view bytes, Clock::time_point now) {
  if (bytes.empty()) return;
  if (log_ != nullptr) log_->add(bytes, now);
  for (ClientSink& client : clients_) client.write(bytes);
}

void Output::end(Clock::time_point now) {
  source_.reset();
  if (std::exchange(holds_return_, false)) deliver("\r", now);
  if (log_ != nullptr) log_->finish(now);
}

void Output::widen_clients() {
  for (ClientSink& client : clients_) client.widen();
}

bool Output::is_behind(ClientSink::Kind kind) const {
  return std::any_of(clients_.begin(), clients_.end(), [kind](const ClientSink& client) {
    return client.kind() == kind && client.is_behind();
  });
}

void release_read_buffer() {
  if (!is_buffer_touched) return;
  (void)::madvise(read_buffer, sizeof read_buffer, MADV_DONTNEED);
  is_buffer_touched = false;
}

}  // namespace ambit::monitor
