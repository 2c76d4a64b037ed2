#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/runtime_spec.h"

// Paths that don't exist are passed over: the lists name what some kernels have. But what is in
// /proc and /sys is looked for in the file systems that the specification mounts there and nowhere
// else: a peer that shares the root file system could put an empty folder in their place for a
// moment. That is PermissionDenied.
namespace ambit::sandbox {

// An empty file and an empty folder on a read-only tmpfs of ours: what masked paths show. Not the
// host's /dev/null, which a container can bring to be something else (CVE-2025-31133).
class Masks {
 public:
  // Makes the tmpfs and covers the host's root with it, because only an attached mount can be
  // cloned. So it goes before cover_host_root() for the container's root.
  static Result<Masks> create();

  // Covers each of spec.masked_paths that exists below the root.
  Result<void> cover(int root_fd, const spec::RuntimeSpec& spec) const;

 private:
  explicit Masks(UniqueFd mount) : mount_(std::move(mount)) {}
  Result<void> cover_one(int root_fd, const std::string& path, const spec::RuntimeSpec& spec) const;

  UniqueFd mount_;
};

// Binds each of spec.readonly_paths that exists onto itself, read-only with everything that is
// mounted below.
Result<void> make_readonly(int root_fd, const spec::RuntimeSpec& spec);

}  // namespace ambit::sandbox
