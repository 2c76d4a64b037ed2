#pragma once

#include "base/result.h"
#include "bus/message.h"
#include "engine/engine.h"
#include "spec/pod_record.h"
#include "systemd/unit_property.h"

namespace ambit::daemon {

struct CreatePodOptions {
  spec::PodOptions pod;
  systemd::UnitProperties properties;
};
// Of CreatePod.
Result<CreatePodOptions> read_create_pod_options(bus::Message& call);

// Of Pod.Remove.
Result<engine::RemoveMode> read_pod_remove_options(bus::Message& call);

}  // namespace ambit::daemon
