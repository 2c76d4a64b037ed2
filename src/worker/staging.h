#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "image/record.h"
#include "image/sha256.h"

namespace ambit::worker {

// A blob on its way into the job's folder: it gets its name when its digest is known.
class BlobWriter {
 public:
  Result<void> write(std::string_view bytes);

  // The file, for reading what is there while it grows.
  Result<UniqueFd> reader() const;

  // Names the blob by its digest. Corrupt where `expected` is given and is another one; the bytes
  // are gone then.
  Result<image::Descriptor> finish(std::string_view expected) &&;

 private:
  friend class Staging;
  BlobWriter(UniqueFd file, int blobs_fd, std::string name);

  UniqueFd file_;
  int blobs_fd_;
  std::string name_;
  image::Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

// What one job makes, in staging/JOB of the data folder, and what the store has already. ambitd
// moves it into the store when the job is done.
class Staging {
 public:
  static Result<Staging> open(int data_fd, const std::string& job);

  Result<BlobWriter> new_blob();
  Result<image::Descriptor> add_blob(std::string_view bytes, const char* media_type);

  // The size of a blob that the job or the store has.
  std::optional<std::uint64_t> blob_size(const std::string& digest) const;
  Result<UniqueFd> open_blob(const std::string& digest) const;
  // Corrupt where it is longer than `limit_bytes`.
  Result<std::string> read_blob(const std::string& digest, std::size_t limit_bytes) const;

  struct LayerTree {
    UniqueFd fs;
    std::uint64_t unpacked_bytes = 0;
  };
  // A layer that is complete in the job or the store; nothing where there is none.
  Result<std::optional<LayerTree>> find_layer(const std::string& chain_id) const;
  // An empty folder to unpack into; finish_layer gives it its name.
  Result<UniqueFd> new_layer();
  Result<void> finish_layer(const std::string& diff_id, const std::string& chain_id,
                            std::uint64_t unpacked_bytes);

  // Makes all of it durable: one syncfs(2) writes a whole layer as fast as the disk can, where an
  // fsync per file of ten thousand would take minutes.
  Result<void> sync() const;

  // For errors of a full disk: "(12 MiB free on the file system of PATH)".
  std::string free_space() const;

 private:
  Staging() = default;

  UniqueFd job_fd_, blobs_fd_, layers_fd_;
  UniqueFd store_blobs_fd_, store_layers_fd_;
  std::uint64_t count_ = 0;  // of temporary names
};

}  // namespace ambit::worker
