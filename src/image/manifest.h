#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/index_file.h"
#include "image/record.h"

// Manifests and indexes of OCI and docker: read from foreign bytes, so only the worker does it.
namespace ambit::image {

struct Manifest {
  std::string media_type;  // its own
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
};

// NotAnImage for artifacts and for docker's schema 1, naming what it is; Corrupt for wrong types.
Result<Manifest> parse_manifest(std::string_view json);

// The OCI form. The same manifest gives the same bytes.
std::string write_manifest(const Manifest& manifest);

constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
constexpr char kConfigType[] = "application/vnd.oci.image.config.v1+json";
constexpr char kLayerType[] = "application/vnd.oci.image.layer.v1.tar";
constexpr char kGzipLayerType[] = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr char kZstdLayerType[] = "application/vnd.oci.image.layer.v1.tar+zstd";

bool is_manifest_type(std::string_view media_type);
bool is_index_type(std::string_view media_type);

struct Platform {
  std::string os = "linux";
  std::string architecture;  // as in OCI: "amd64", "arm64"
  std::string variant;       // this one alone; "" for any up to `highest`
  std::string highest;       // that the processor can run: "v7"; "" where all may be
};

// `architecture` and `variant`, or the running kernel's and any that the processor runs where they
// are "".
Platform host_platform(const std::string& architecture, const std::string& variant = "");

// The entry for the platform: the first exact one, else one that names no platform. Among several
// variants that will do the highest. Unsupported where there is none: the message lists what
// there is. NotAnImage where no entry is an image at all.
Result<IndexEntry> choose_platform(const std::vector<IndexEntry>& entries,
                                   const Platform& platform);

// docker-archive's manifest.json, one per image; the paths name files in the archive.
struct ArchivedImage {
  std::string config;
  std::vector<std::string> layers;  // lowest first
  std::vector<std::string> references;
};
Result<std::vector<ArchivedImage>> parse_docker_archive(std::string_view json);

// The chain IDs of layers, 64 hex digits each, from their diff IDs (OCI image spec, config.md).
std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids);

}  // namespace ambit::image
