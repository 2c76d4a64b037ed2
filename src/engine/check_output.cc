#include "engine/check_output.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "bus/utf8.h"
#include "spec/health_record.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;  // what a pipe holds
constexpr std::chrono::milliseconds kPause{10};
constexpr int kMaxReadsAtEnd = 2;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

CheckOutput::CheckOutput(bus::EventLoop& loop, UniqueFd read_end)
    : loop_(loop), read_end_(std::move(read_end)) {}

Result<CheckOutput::Made> CheckOutput::create(bus::EventLoop& loop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  // Ours alone: the other end is the check's standard output, which it expects to wait.
  if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) < 0) return Error::from_errno(errno, "fcntl");
  std::unique_ptr<CheckOutput> output(new CheckOutput(loop, std::move(read_end)));
  CheckOutput* self = output.get();
  output->on_readable_ = AMBIT_TRY(
      loop.on_io(output->read_end_.get(), EPOLLIN, [self](std::uint32_t) { self->on_readable(); }));
  return Made{.output = std::move(output), .write_end = std::move(write_end)};
}

void CheckOutput::read_once() {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::read(read_end_.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    is_at_end_ = true;
    return;
  }
  // A few bytes more than are kept, so that the last character is whole.
  const std::size_t room = spec::kMaxHealthOutputBytes + 1 - text_.size();
  text_.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
}

void CheckOutput::on_readable() {
  read_once();
  if (is_at_end_) return on_readable_.reset();
  auto pause = loop_.on_timer(kPause, [this] {
    if (on_readable_) (void)on_readable_.set_io_events(EPOLLIN);
  });
  // Without it the rest is read at the end, and a check that writes more has to wait for its time.
  if (!on_readable_.set_io_events(0) || !pause) return on_readable_.reset();
  pause_ = *std::move(pause);
}

std::string CheckOutput::take() {
  for (int i = 0; i < kMaxReadsAtEnd && !is_at_end_; ++i) read_once();
  if (text_.size() > spec::kMaxHealthOutputBytes) {
    std::size_t length = spec::kMaxHealthOutputBytes;
    while (length > 0 && is_continuation(text_[length])) --length;
    text_.resize(length);
  }
  return bus::valid_utf8(text_);
}

}  // namespace ambit::engine
