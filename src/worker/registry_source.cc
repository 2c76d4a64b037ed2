#include "worker/registry_source.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "os/socket.h"

namespace ambit::worker {
namespace {

using image::Descriptor;
using image::FetchKind;

constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxAtOnce = 4;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr int kForever = -1;

FetchKind kind_of(const Descriptor& blob) {
  const bool manifest =
      image::is_manifest_type(blob.media_type) || image::is_index_type(blob.media_type);
  return manifest ? FetchKind::Manifest : FetchKind::Blob;
}

}  // namespace

// One thing on its way. It is over when the pipe has ended and the answer is there.
struct RegistrySource::Stream {
  image::FetchRequest request;
  UniqueFd pipe;
  std::optional<BlobWriter> writer;  // of a blob
  std::string text;                  // of the user's manifest
  std::uint64_t taken_bytes = 0;
  std::optional<image::FetchEnd> end;
  bool done = false;
  std::optional<Error> error;
};

RegistrySource::RegistrySource(Job& job, int socket_fd)
    : job_(job), socket_fd_(socket_fd), buffer_(kReadBytes) {}
RegistrySource::~RegistrySource() = default;

Result<RegistrySource::Stream*> RegistrySource::request(image::FetchRequest request,
                                                        std::optional<BlobWriter> writer) {
  request.id = ++last_id_;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return Error::from_errno(errno, "pipe2");
  UniqueFd pipe(ends[0]);
  const UniqueFd other_end(ends[1]);
  AMBIT_TRY(os::send_packet(socket_fd_, image::write_message(request), {other_end.get()})
                .context("asking ambit-fetch"));
  streams_.push_back(
      {.request = std::move(request), .pipe = std::move(pipe), .writer = std::move(writer)});
  return &streams_.back();
}

RegistrySource::Stream* RegistrySource::find(const std::string& digest) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.request.name == digest;
  });
  return found == streams_.end() ? nullptr : &*found;
}

bool RegistrySource::has(const Descriptor& blob) const {
  const auto size = job_.staging.blob_size(blob.digest);
  return size && *size == blob.size_bytes;
}

Result<RegistrySource::Stream*> RegistrySource::stream_of(const Descriptor& blob) {
  if (Stream* stream = find(blob.digest)) return stream;
  std::erase_if(expected_, [&](const Descriptor& other) { return other.digest == blob.digest; });
  BlobWriter writer = AMBIT_TRY(job_.staging.new_blob());
  return request({.kind = kind_of(blob), .name = blob.digest, .size_bytes = blob.size_bytes},
                 std::move(writer));
}

void RegistrySource::expect(const std::vector<Descriptor>& blobs) {
  expected_.assign(blobs.rbegin(), blobs.rend());
  for (const Descriptor& blob : blobs)
    job_.report.progress({.stage = has(blob) ? "present" : "waiting",
                          .object = blob.digest,
                          .total_bytes = blob.size_bytes});
}

Result<void> RegistrySource::begin_expected() {
  const auto count = [this] {
    return std::count_if(streams_.begin(), streams_.end(),
                         [](const Stream& stream) { return !stream.done; });
  };
  while (!expected_.empty() && static_cast<std::size_t>(count()) < kMaxAtOnce) {
    const Descriptor blob = expected_.back();
    expected_.pop_back();
    if (!has(blob)) (void)AMBIT_TRY(stream_of(blob));
  }
  return {};
}

Result<void> RegistrySource::turn(int patience_ms) {
  AMBIT_TRY(begin_expected());
  std::vector<pollfd> waiting = {
      {.fd = fetch_is_gone_ ? -1 : socket_fd_, .events = POLLIN, .revents = 0}};
  std::vector<Stream*> open;
  for (Stream& stream : streams_) {
    if (!stream.pipe) continue;
    open.push_back(&stream);
    waiting.push_back({.fd = stream.pipe.get(), .events = POLLIN, .revents = 0});
  }
  const int ready = ::poll(waiting.data(), waiting.size(), patience_ms);
  if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "poll");
  if (ready <= 0) return {};
  for (std::size_t i = 0; i < open.size(); ++i)
    if (waiting[i + 1].revents != 0) AMBIT_TRY(take_bytes(*open[i]));
  if (waiting[0].revents != 0) AMBIT_TRY(take_answers());
  for (Stream& stream : streams_) {
    AMBIT_TRY(settle(stream));
    // Its last words came before.
    if (fetch_is_gone_ && !stream.end)
      return Error(ErrorCode::Internal, "ambit-fetch ended; see the journal");
  }
  return {};
}

Result<void> RegistrySource::take_bytes(Stream& stream) {
  const ssize_t n = ::read(stream.pipe.get(), buffer_.data(), buffer_.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (n < 0) return Error::from_errno(errno, "reading from ambit-fetch");
  if (n == 0) {
    stream.pipe.reset();
    return {};
  }
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(n));
  stream.taken_bytes += bytes.size();
  const std::uint64_t limit = stream.writer ? stream.request.size_bytes : kMaxManifestBytes;
  if (stream.taken_bytes > limit)
    return Error(ErrorCode::Corrupt, "more bytes of " + stream.request.name + " than there are");
  if (!stream.writer) {
    stream.text += bytes;
    return {};
  }
  job_.report.progress({.stage = "fetching",
                        .object = stream.request.name,
                        .done_bytes = stream.taken_bytes,
                        .total_bytes = stream.request.size_bytes});
  return stream.writer->write(bytes);
}

Result<void> RegistrySource::take_answers() {
  while (true) {
    auto packet = os::receive_packet(socket_fd_);
    if (!packet && packet.error().code() == ErrorCode::Busy) return {};
    if (!packet) return std::move(packet).error();
    if (packet->closed) {
      fetch_is_gone_ = true;
      return {};
    }
    image::FetchAnswer answer = AMBIT_TRY(image::parse_fetch_answer(packet->bytes));
    const std::uint64_t id = std::visit([](const auto& message) { return message.id; }, answer);
    const auto stream = std::find_if(streams_.begin(), streams_.end(),
                                     [&](const Stream& s) { return s.request.id == id; });
    if (stream == streams_.end())
      return Error(ErrorCode::Corrupt, "ambit-fetch answers what was not asked for");
    if (auto* note = std::get_if<image::FetchNote>(&answer))
      job_.report.progress({.stage = "fetching",
                            .object = stream->request.name,
                            .note = note->text,
                            .done_bytes = stream->taken_bytes,
                            .total_bytes = stream->request.size_bytes});
    else
      stream->end = std::get<image::FetchEnd>(std::move(answer));
  }
}

Result<void> RegistrySource::settle(Stream& stream) {
  if (stream.done || !stream.end) return {};
  stream.error = stream.end->error;
  if (!stream.error && stream.pipe) return {};  // its last bytes are still in the pipe
  stream.pipe.reset();
  stream.done = true;
  if (!stream.writer || stream.error) return {};
  auto finished = std::move(*stream.writer).finish(stream.request.name);
  if (!finished) stream.error = std::move(finished).error();
  return {};
}

Result<void> RegistrySource::until_done(Stream& stream) {
  while (!stream.done) AMBIT_TRY(turn(kForever));
  if (stream.error) return *stream.error;
  return {};
}

Result<RegistrySource::Named> RegistrySource::user_manifest() {
  Stream* stream = AMBIT_TRY(request({.kind = FetchKind::Manifest}, std::nullopt));
  AMBIT_TRY(until_done(*stream));
  return Named{.text = std::move(stream->text), .reference = stream->end->name};
}

Result<void> RegistrySource::fetch(const Descriptor& blob) {
  if (find(blob.digest) == nullptr && has(blob)) return {};
  Stream* stream = AMBIT_TRY(stream_of(blob));
  return until_done(*stream);
}

Result<UniqueFd> RegistrySource::open(const Descriptor& blob) {
  if (find(blob.digest) == nullptr && has(blob)) return job_.staging.open_blob(blob.digest);
  Stream* stream = AMBIT_TRY(stream_of(blob));
  if (stream->done && stream->error) return *stream->error;
  if (stream->done) return job_.staging.open_blob(blob.digest);
  return stream->writer->reader();
}

Result<void> RegistrySource::wait(const Descriptor& blob, std::uint64_t position) {
  AMBIT_TRY(turn(0));
  Stream* stream = find(blob.digest);
  while (stream != nullptr && !stream->done && stream->taken_bytes <= position)
    AMBIT_TRY(turn(kForever));
  if (stream != nullptr && stream->error) return *stream->error;
  return {};
}

Result<void> RegistrySource::finish(const Descriptor& blob) {
  Stream* stream = find(blob.digest);
  return stream == nullptr ? Result<void>() : until_done(*stream);
}

}  // namespace ambit::worker
