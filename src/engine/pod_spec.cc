#include <algorithm>
#include <string>

#include "engine/pods.h"
#include "spec/holder_settings.h"

namespace ambit::engine {
namespace {

using spec::NamespaceType;

void join_namespace(spec::RuntimeSpec& spec, NamespaceType type, const char* given) {
  for (spec::Namespace& item : spec.namespaces)
    if (item.type == type) item.path = given;
}

// The container's own file system gives way to the pod's.
void take_mount(spec::RuntimeSpec& spec, const std::string& destination, const char* given) {
  for (spec::Mount& mount : spec.mounts)
    if (mount.destination == destination && (mount.type == "tmpfs" || mount.type == "mqueue"))
      mount = {.destination = destination,
               .type = "bind",
               .source = given,
               .options = {"bind", "rprivate", "nosuid", "nodev", "noexec"}};
}

}  // namespace

void share_in_spec(const spec::PodOptions& pod, spec::RuntimeSpec& spec) {
  if (pod.shares(NamespaceType::Network))
    join_namespace(spec, NamespaceType::Network, spec::kGivenNetwork);
  if (pod.shares(NamespaceType::Uts)) {
    join_namespace(spec, NamespaceType::Uts, spec::kGivenUts);
    spec.hostname.clear();  // the holder has set it, and the container may not
  }
  if (!pod.shares(NamespaceType::Ipc)) return;
  join_namespace(spec, NamespaceType::Ipc, spec::kGivenIpc);
  take_mount(spec, "/dev/shm", spec::kGivenShm);
  take_mount(spec, "/dev/mqueue", spec::kGivenMqueue);
}

}  // namespace ambit::engine
