#pragma once

#include <string>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::oci {

struct Bundle {
  std::string path;  // absolute, without links
  spec::RuntimeSpec spec;
};

// Reads config.json of the bundle ("": the working folder), or another file, whose path starts at
// the bundle. What is relative there becomes absolute: the root and the sources of bind mounts are
// below the bundle, destinations below the container's root. Errors name the file.
//
// An ordinary user's container gets a user namespace where there is none, and maps where that has
// none: the user is its root, and his subordinate ids follow.
Result<Bundle> load_bundle(const std::string& path, const std::string& config = "config.json");

}  // namespace ambit::oci
