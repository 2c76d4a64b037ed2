#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spec/holder_settings.h"

namespace ambit::sandbox {

// What the containers of a pod share, for the process that keeps it: namespaces that belong to the
// user namespace it is in, the base one. Each container has a user namespace of its own below that,
// and so no capability over what is shared: it uses the network and can't change it.
class PodNamespaces {
 public:
  // Moves the calling process, which must have one thread and be root in its user namespace, into
  // new ones, and sets them up: loopback, the host name, /dev/shm and the message queues. It is in
  // a mount namespace of its own afterwards that has nothing of the host.
  //
  // Ports below 1024 are everybody's in a network that is made, as no container's root has
  // CAP_NET_BIND_SERVICE over it.
  static Result<PodNamespaces> make(const spec::HolderSettings& settings);

  // What a container joins, by the names of spec/holder_settings.h. Mounts are new ones each time.
  using Given = std::vector<std::pair<std::string, UniqueFd>>;
  Result<Given> give() const;

  // Gives up everything that give() does not need: all capabilities but the one to copy mounts,
  // where there are any.
  Result<void> drop_privileges() const;

 private:
  Result<void> make_root(const spec::HolderSettings& settings);

  Given namespaces_;
  Given mounts_;  // attached, to be copied
};

}  // namespace ambit::sandbox
