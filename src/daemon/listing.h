#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "bus/wire.h"
#include "engine/engine.h"

// The short rows of ListContainers and ListImages, newest first.
namespace ambit::daemon {

using Filter = std::map<std::string, std::string>;

// ID, name, image, state, exit code, created, path.
using ContainerRow = std::tuple<std::string, std::string, std::string, std::string, std::int32_t,
                                std::int64_t, bus::ObjectPath>;
// InvalidArgument names a key that is not known.
Result<std::vector<ContainerRow>> list_containers(const engine::Engine& engine,
                                                  const Filter& filter);

// ID, references, size, created, path.
using ImageRow =
    std::tuple<std::string, std::vector<std::string>, std::uint64_t, std::int64_t, bus::ObjectPath>;
Result<std::vector<ImageRow>> list_images(const engine::Engine& engine, const Filter& filter);

// Name, state, number of containers, created, path.
using PodRow = std::tuple<std::string, std::string, std::uint32_t, std::int64_t, bus::ObjectPath>;
Result<std::vector<PodRow>> list_pods(engine::Engine& engine, const Filter& filter);

}  // namespace ambit::daemon
