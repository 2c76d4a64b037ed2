#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/record.h"

namespace ambit::image {

// One descriptor of an OCI image index.
struct IndexEntry {
  Descriptor blob;
  std::string reference;                  // annotation org.opencontainers.image.ref.name, or ""
  std::string full_name;                  // annotation io.containerd.image.name, or ""
  std::string architecture, os, variant;  // "" where no platform is given
  std::string artifact_type;
};

// The OCI layout's index.json, and any other image index or docker manifest list. Corrupt where a
// member is wrong; NotAnImage where there is no list of manifests.
Result<std::vector<IndexEntry>> parse_index(std::string_view json);

std::string write_index(const std::vector<IndexEntry>& entries);

}  // namespace ambit::image
