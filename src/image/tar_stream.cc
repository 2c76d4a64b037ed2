#include "image/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace ambit::image {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { (void)archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

Error corrupt(archive* reader, const char* what) {
  const char* why = archive_error_string(reader);
  return Error(ErrorCode::Corrupt, std::string(what) + ": " + (why != nullptr ? why : "damaged"));
}

}  // namespace

struct PlainStream::State {
  Reader reader;
  int fd = -1;
  Options options;
  std::uint64_t read_bytes = 0;
  std::optional<Error> failure;  // of reading the descriptor: the cause behind libarchive's error
  bool at_end = false;
  std::array<char, kReadBytes> buffer;

  static la_ssize_t read(archive*, void* data, const void** bytes);
  Error error();
};

la_ssize_t PlainStream::State::read(archive* reader, void* data, const void** bytes) {
  auto* state = static_cast<State*>(data);
  if (state->options.wait) {
    if (auto waited = state->options.wait(state->read_bytes); !waited) {
      state->failure = std::move(waited).error();
      archive_set_error(reader, EIO, "wait");
      return -1;
    }
  }
  ssize_t n = 0;
  do {
    n = ::read(state->fd, state->buffer.data(), state->buffer.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    state->failure = Error::from_errno(errno, "reading the archive");
    archive_set_error(reader, EIO, "read");
    return -1;
  }
  const auto length = static_cast<std::size_t>(n);
  state->read_bytes += length;
  if (state->options.on_read) state->options.on_read(state->read_bytes);
  *bytes = state->buffer.data();
  return n;
}

Error PlainStream::State::error() {
  if (failure) return *failure;
  return corrupt(reader.get(), "uncompressing");
}

PlainStream::PlainStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlainStream::PlainStream(PlainStream&&) noexcept = default;
PlainStream::~PlainStream() = default;

Result<PlainStream> PlainStream::open(int fd, const Options& options) {
  auto state = std::make_unique<State>();
  state->reader.reset(archive_read_new());
  state->fd = fd;
  state->options = options;
  archive* reader = state->reader.get();
  for (const auto add : {archive_read_support_filter_gzip, archive_read_support_filter_zstd,
                         archive_read_support_filter_xz, archive_read_support_filter_bzip2,
                         archive_read_support_format_raw, archive_read_support_format_empty})
    if (add(reader) != ARCHIVE_OK)
      return Error(ErrorCode::Unsupported,
                   std::string("libarchive: ") + archive_error_string(reader));
  if (archive_read_open(reader, state.get(), nullptr, &State::read, nullptr) != ARCHIVE_OK)
    return state->error();
  archive_entry* entry = nullptr;
  const int r = archive_read_next_header(reader, &entry);
  if (r == ARCHIVE_EOF)
    state->at_end = true;
  else if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
    return state->error();
  return PlainStream(std::move(state));
}

Result<std::string_view> PlainStream::next() {
  while (!state_->at_end) {
    const void* bytes = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    const int r = archive_read_data_block(state_->reader.get(), &bytes, &length, &offset);
    if (r == ARCHIVE_EOF) {
      state_->at_end = true;
      break;
    }
    if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return state_->error();
    if (length == 0) continue;
    const std::string_view piece(static_cast<const char*>(bytes), length);
    if (state_->options.plain_hash != nullptr) state_->options.plain_hash->update(piece);
    return piece;
  }
  return std::string_view();
}

Result<void> PlainStream::drain() {
  while (!AMBIT_TRY(next()).empty()) {
  }
  return {};
}

struct TarStream::State {
  Reader reader;
  PlainStream* stream = nullptr;
  std::optional<Error> failure;

  static la_ssize_t read(archive* reader, void* data, const void** bytes);
  Error error();
};

la_ssize_t TarStream::State::read(archive* reader, void* data, const void** bytes) {
  auto* state = static_cast<State*>(data);
  auto piece = state->stream->next();
  if (!piece) {
    state->failure = std::move(piece).error();
    archive_set_error(reader, EIO, "read");
    return -1;
  }
  *bytes = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

Error TarStream::State::error() {
  if (failure) return *failure;
  return corrupt(reader.get(), "reading the tar");
}

TarStream::TarStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarStream::TarStream(TarStream&&) noexcept = default;
TarStream::~TarStream() = default;

Result<TarStream> TarStream::open(PlainStream& stream) {
  auto state = std::make_unique<State>();
  state->reader.reset(archive_read_new());
  state->stream = &stream;
  archive* reader = state->reader.get();
  if (archive_read_support_format_tar(reader) != ARCHIVE_OK ||
      archive_read_support_format_empty(reader) != ARCHIVE_OK)
    return Error(ErrorCode::Unsupported,
                 std::string("libarchive: ") + archive_error_string(reader));
  if (archive_read_open(reader, state.get(), nullptr, &State::read, nullptr) != ARCHIVE_OK) {
    // Here libarchive looks at the first header for the format.
    if (!state->failure) return corrupt(reader, "not a tar").with_code(ErrorCode::NotAnImage);
    return state->error();
  }
  return TarStream(std::move(state));
}

Result<archive_entry*> TarStream::next() {
  archive_entry* entry = nullptr;
  int r = ARCHIVE_RETRY;
  while (r == ARCHIVE_RETRY) r = archive_read_next_header(state_->reader.get(), &entry);
  if (r == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
  if (r == ARCHIVE_OK || r == ARCHIVE_WARN) return entry;
  return state_->error();
}

Result<bool> TarStream::next_block(Block& block) {
  const void* bytes = nullptr;
  std::size_t length = 0;
  la_int64_t offset = 0;
  const int r = archive_read_data_block(state_->reader.get(), &bytes, &length, &offset);
  if (r == ARCHIVE_EOF) return false;
  if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return state_->error();
  if (offset < 0) return Error(ErrorCode::Corrupt, "reading the tar: a piece before the file");
  block.bytes = {static_cast<const char*>(bytes), length};
  block.offset = static_cast<std::uint64_t>(offset);
  return true;
}

Result<std::string> TarStream::read_contents(std::size_t limit_bytes) {
  std::string contents;
  Block block;
  while (AMBIT_TRY(next_block(block))) {
    if (block.bytes.empty()) continue;
    if (block.offset + block.bytes.size() > limit_bytes || block.offset < contents.size())
      return Error(ErrorCode::Corrupt, "longer than " + std::to_string(limit_bytes) + " bytes");
    contents.resize(block.offset);
    contents += block.bytes;
  }
  return contents;
}

}  // namespace ambit::image
