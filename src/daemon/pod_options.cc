#include "daemon/pod_options.h"

#include <string>
#include <vector>

#include "bus/options.h"
#include "spec/holder_settings.h"

namespace ambit::daemon {

Result<CreatePodOptions> read_create_pod_options(bus::Message& call) {
  using Strings = std::vector<std::string>;
  CreatePodOptions options;
  bus::OptionReader reader;
  reader.add("Hostname", options.pod.hostname)
      .add("Labels", options.pod.labels)
      .add("ShmSizeBytes", options.pod.shm_size_bytes);
  reader.on<Strings>("Share", [&options](const Strings& names) -> Result<void> {
    options.pod.share.clear();
    for (const std::string& name : names) {
      const spec::NamespaceType type = AMBIT_TRY(spec::parse_share(name));
      if (!options.pod.shares(type)) options.pod.share.push_back(type);
    }
    return {};
  });
  reader.on<systemd::UnitProperties>("Properties",
                                     [&options](const systemd::UnitProperties& properties) {
                                       systemd::merge_properties(options.properties, properties);
                                       return Result<void>();
                                     });
  AMBIT_TRY(reader.read(call));
  return options;
}

Result<engine::RemoveMode> read_pod_remove_options(bus::Message& call) {
  bool force = false;
  AMBIT_TRY(bus::OptionReader().add("Force", force).read(call));
  return force ? engine::RemoveMode::Force : engine::RemoveMode::OnlyStopped;
}

}  // namespace ambit::daemon
