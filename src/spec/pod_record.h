#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::spec {

// What a user asks of a pod; dbus/org.ambit.Ambit1.Manager.xml, CreatePod, has the prose. Limits
// are not among it: they are properties of the pod's slice, which systemd keeps.
struct PodOptions {
  std::vector<NamespaceType> share = {NamespaceType::Network, NamespaceType::Ipc,
                                      NamespaceType::Uts};
  std::string hostname;  // "": the pod's name
  std::map<std::string, std::string> labels;
  std::optional<std::uint64_t> shm_size_bytes;  // of /dev/shm; 64 MiB where it is not set

  bool shares(NamespaceType type) const;
};

// A pod as it is kept on disk: pods/NAME.json.
struct PodRecord {
  std::string name;
  std::int64_t created_usec = 0;  // since 1970
  // False while it is being made or removed: what an ambitd that was killed has left of it goes.
  bool complete = false;
  PodOptions options;
};

std::string write_pod_record(const PodRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<PodRecord> parse_pod_record(std::string_view json);

}  // namespace ambit::spec
