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

Output::Output(UniqueFd source, LogStream* log) : source_(std::move(source)), log_(log) {
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
  const ssize_t n = ::read(source_.get(), read_buffer, sizeof read_buffer);
  if (n < 0 && errno == EINTR) return;
  if (n < 0 && errno == EAGAIN) {
    if (is_draining_) end(now);
    return;
  }
  // EIO: a pty whose last user has closed it.
  if (n <= 0) return end(now);
  is_buffer_touched = true;
  pace_.note_read(static_cast<std::size_t>(n), now);
  const std::string_view bytes(read_buffer, static_cast<std::size_t>(n));
  if (log_ != nullptr) log_->add(bytes, now);
  for (ClientSink& client : clients_) client.write(bytes);
}

void Output::end(Clock::time_point now) {
  source_.reset();
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
