#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/image_config.h"

namespace ambit::image {

// A blob of the OCI layout as a manifest or an index names it.
struct Descriptor {
  std::string media_type;
  std::string digest;  // "sha256:…"
  std::uint64_t size_bytes = 0;
};

// One layer of an image, as a blob and as an unpacked tree.
struct Layer {
  Descriptor blob;
  std::string diff_id;               // "sha256:…" of the uncompressed tar
  std::string chain_id;              // 64 hex digits: the name of its folder below layers/
  std::uint64_t unpacked_bytes = 0;  // contents of its files
};

// One image of the store. Everything was checked by the worker that loaded it; the daemon never
// reads the manifest or the config blob itself.
struct ImageRecord {
  std::string id;                       // 64 hex digits: the digest of the config blob
  std::vector<std::string> references;  // normalised; empty for an untagged image
  Descriptor manifest;
  Descriptor config_blob;
  std::string variant;           // of the architecture: "v7", or ""
  std::vector<Layer> layers;     // lowest first
  std::uint64_t size_bytes = 0;  // of the unpacked layers, stored at load
  std::int64_t loaded_usec = 0;  // since 1970
  spec::ImageConfig config;      // architecture, os, created_usec and how to run it
  std::string broken;            // why it can't be used; "" for a whole image
};

// The record's file form, image-records/MANIFESTHEX.json: all of the above but `references`, which
// index.json holds, and `broken`.
std::string write_image_record(const ImageRecord& record);

// Corrupt where a member is missing, has another type, or is not a digest where one must be.
Result<ImageRecord> parse_image_record(std::string_view json);

}  // namespace ambit::image
