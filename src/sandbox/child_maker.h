#pragma once

#include <string>

#include "base/unique_fd.h"
#include "os/process.h"
#include "sandbox/channel.h"
#include "sandbox/child.h"

namespace ambit::sandbox {

// How start_exec() comes to a Child.
class ChildMaker {
 public:
  static Child make(std::string what, os::Process process, UniqueFd socket, StagePage stage);
};

}  // namespace ambit::sandbox
