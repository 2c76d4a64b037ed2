#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

enum class OverlayMethod {
  Probe,         // layer by layer where the kernel can ("lowerdir+", Linux 6.7), else one call
  OneMountCall,  // mount(2), for the tests
};

// The layers as one file system, mounted nowhere, with its attributes in user.* extended
// attributes, as a user namespace needs it. Without an upper folder it is read-only. Every folder
// is handed over as a descriptor: a path may have colons and commas in it, the list of layers has
// no length limit, and the container can't read the host's paths in its mountinfo.
//
// OneMountCall, and a kernel without "lowerdir+", need the mount namespace to be the process's own:
// the root is covered for a moment.
//
// NotFound names a missing folder. HostUnsupported with the fix where overlayfs has no userxattr.
Result<UniqueFd> make_overlay(const spec::Overlay& overlay,
                              OverlayMethod method = OverlayMethod::Probe);

}  // namespace ambit::sandbox
