#include "daemon/limit_options.h"

#include "systemd/unit_property.h"

namespace ambit::daemon {

void add_limit_keys(bus::OptionReader& reader, spec::LimitOptions& options) {
  reader.on<systemd::UnitProperties>("Properties",
                                     [&options](const systemd::UnitProperties& properties) {
                                       systemd::UnitProperties merged;
                                       systemd::merge_properties(merged, properties);
                                       options.properties = systemd::property_lines(merged);
                                       return Result<void>();
                                     });
  reader.add("OomScoreAdjust", options.oom_score_adj).add("ShmSizeBytes", options.shm_size_bytes);
}

}  // namespace ambit::daemon
