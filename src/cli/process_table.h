#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"

// The processes of a container as `ambit top` shows them.
namespace ambit::cli {

// Container.ListProcesses, dbus/org.ambit.Ambit1.Container.xml.
using ProcessRow =
    std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
               std::string, std::string, std::string, std::uint64_t, std::uint64_t, std::uint64_t>;

// Columns by name, separated by commas or given one by one; none: the default. What ps(1) takes as
// "aux", "-ef" and "-o" before a list is taken too. InvalidArgument names what is unknown and lists
// what there is.
Result<std::vector<std::string>> parse_process_columns(const std::vector<std::string>& arguments);

// `uptime_usec`: since boot. The table's text.
std::string show_processes(const std::vector<ProcessRow>& rows,
                           const std::vector<std::string>& columns, std::uint64_t uptime_usec);

}  // namespace ambit::cli
