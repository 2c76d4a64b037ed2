#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/given.h"

namespace ambit::monitor {

// What a container of a pod joins.
struct PodGifts {
  sandbox::GivenFds by_name;
  std::vector<UniqueFd> fds;
};

// Waits for what the pod's holder sends over this connection (spec/holder_settings.h), for some
// seconds at most: Timeout where it is frozen. Its own error where it could not be made; NotRunning
// where it has gone.
Result<PodGifts> receive_from_pod(UniqueFd socket);

}  // namespace ambit::monitor
