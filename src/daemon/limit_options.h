#pragma once

#include "bus/options.h"
#include "spec/limit_options.h"

namespace ambit::daemon {

// The keys of CreateContainer that are about limits: Properties, OomScoreAdjust, ShmSizeBytes.
void add_limit_keys(bus::OptionReader& reader, spec::LimitOptions& options);

}  // namespace ambit::daemon
