#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/namespace.h"

namespace ambit::sandbox {

// Ids that the administrator set aside for a user (subuid(5), subgid(5)).
struct IdRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// The ranges that a file gives a user, by name or by number, in the order of the file. Lines that
// make no sense are left out, as newuidmap does.
std::vector<IdRange> parse_subordinate_ids(std::string_view text, const std::string& user,
                                           uid_t uid);

// The parts of the ranges that a namespace with this map has at all: inside a container the file
// may speak of ids that are not there.
std::vector<IdRange> held_ranges(const std::vector<IdRange>& ranges,
                                 const std::vector<os::IdExtent>& held);

// The map of the base namespace: 0 is the user, the ranges follow from 1.
std::vector<os::IdExtent> base_extents(id_t own, const std::vector<IdRange>& ranges);

// "100000:65536, 300000:65536"
std::string describe(const std::vector<IdRange>& ranges);

}  // namespace ambit::sandbox
