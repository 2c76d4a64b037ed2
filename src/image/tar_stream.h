#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/sha256.h"

struct archive;
struct archive_entry;

// libarchive behind RAII and Result. Linked by the worker only: this is where foreign bytes are
// parsed. Memory stays bounded whatever the input says: a chunk at a time, and the limits of the
// decoders' windows (zstd 128 MiB, xz by RLIMIT_DATA).
namespace ambit::image {

// Bytes of a descriptor, uncompressed: gzip, zstd, xz, bzip2 or plain, told by their magic numbers.
class PlainStream {
 public:
  struct Options {
    Sha256* plain_hash = nullptr;  // borrowed; sees the bytes as they are handed out
    // Called with the number of bytes read so far.
    std::function<void(std::uint64_t)> on_read = nullptr;
    // Called before each read with its position, for a file that still grows: an end of file after
    // it is the end.
    std::function<Result<void>(std::uint64_t)> wait = nullptr;
  };

  // `fd` is borrowed and read from where it stands.
  static Result<PlainStream> open(int fd, const Options& options);

  PlainStream(PlainStream&&) noexcept;
  ~PlainStream();

  // The next piece, good until the next call; empty at the end. Corrupt for damaged input.
  Result<std::string_view> next();

  // Reads on to the end, so that the hash covers everything.
  Result<void> drain();

 private:
  struct State;
  explicit PlainStream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// The entries of a tar: ustar, pax, GNU, v7, with sparse files.
class TarStream {
 public:
  // `stream` is borrowed. NotAnImage where it isn't a tar.
  static Result<TarStream> open(PlainStream& stream);

  TarStream(TarStream&&) noexcept;
  ~TarStream();

  // The next entry, good until the next call; null at the end.
  Result<archive_entry*> next();

  // The next piece of the entry's contents, with its place in the file: what lies between pieces
  // is a hole. False at the end of the contents.
  struct Block {
    std::string_view bytes;
    std::uint64_t offset = 0;
  };
  Result<bool> next_block(Block& block);

  // The whole contents, at most `limit_bytes`: Corrupt where there is more.
  Result<std::string> read_contents(std::size_t limit_bytes);

 private:
  struct State;
  explicit TarStream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace ambit::image
