#pragma once

#include <string>
#include <vector>

#include "engine/container.h"
#include "engine/pod.h"
#include "image/store.h"
#include "systemd/unit_property.h"

namespace ambit::engine {

// What `ambit inspect` shows; docs/formats.md names the members, which are stable.
std::string inspect_json(const Container& container, const systemd::UnitProperties& limits,
                         const std::string& data_path);
// The folder of its log files; "" where its output is kept elsewhere or nowhere.
std::string log_path(const spec::ContainerRecord& record, const std::string& data_path);
std::string inspect_json(const image::ImageRecord& image);
std::string inspect_json(const Pod& pod, const std::vector<const Container*>& members,
                         const systemd::UnitProperties& limits);

}  // namespace ambit::engine
