#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "bus/wire.h"
#include "engine/engine.h"

// What containers use now, from the files of their scopes' cgroups and network namespaces.
// dbus/org.ambit.Ambit1.Container.xml, Statistics, has the keys.
namespace ambit::daemon {

using Statistics = std::map<std::string, bus::Variant<std::uint64_t>>;

// NotRunning where it has no cgroup.
Result<Statistics> read_statistics(const engine::Engine& engine,
                                   const engine::Container& container);

// Path, name and statistics.
using StatisticsRow = std::tuple<bus::ObjectPath, std::string, Statistics>;
// Of the containers of these names or IDs, or of all that run where there are none. One that ends
// meanwhile is left out.
Result<std::vector<StatisticsRow>> read_statistics(const engine::Engine& engine,
                                                   const std::vector<std::string>& names);

// PID as this side sees it and as the container does, parent as the container does (0: outside),
// user ID here and inside, state ("S"), program's name, command line, CPU time in µs, started
// (µs since boot), resident bytes.
using ProcessRow =
    std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
               std::string, std::string, std::string, std::uint64_t, std::uint64_t, std::uint64_t>;
// All processes of the container; those that end meanwhile are left out.
Result<std::vector<ProcessRow>> list_processes(const engine::Engine& engine,
                                               const engine::Container& container);

}  // namespace ambit::daemon
