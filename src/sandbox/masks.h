#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::sandbox {

// An empty file and an empty folder on a read-only tmpfs of ours: what masked paths show. Not the
// host's /dev/null, which a container can bring to be something else (CVE-2025-31133).
class Masks {
 public:
  // Makes the tmpfs and covers the host's root with it, because only an attached mount can be
  // cloned. So it goes before cover_host_root() for the container's root.
  static Result<Masks> create();

  // Covers each path below the root that exists.
  Result<void> cover(int root_fd, const std::vector<std::string>& paths) const;

 private:
  explicit Masks(UniqueFd mount) : mount_(std::move(mount)) {}
  Result<void> cover_one(int root_fd, const std::string& path) const;

  UniqueFd mount_;
};

// Binds each path that exists onto itself, read-only with everything that is mounted below.
Result<void> make_readonly(int root_fd, const std::vector<std::string>& paths);

}  // namespace ambit::sandbox
