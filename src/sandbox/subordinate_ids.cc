#include "sandbox/subordinate_ids.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace ambit::sandbox {

std::vector<IdRange> parse_subordinate_ids(std::string_view text, const std::string& user,
                                           uid_t uid) {
  std::vector<IdRange> ranges;
  for (const std::string& line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() != 3 || (fields[0] != user && fields[0] != std::to_string(uid))) continue;
    const auto first = parse_uint(fields[1]);
    const auto count = parse_uint(fields[2]);
    if (!first || !count || *count == 0) continue;
    // Up to the last id, which is (uid_t)-1 and nobody's.
    constexpr std::uint64_t kEnd = std::numeric_limits<std::uint32_t>::max();
    if (*first >= kEnd || *count > kEnd - *first) continue;
    ranges.push_back(
        {.first = static_cast<std::uint32_t>(*first), .count = static_cast<std::uint32_t>(*count)});
  }
  return ranges;
}

std::vector<IdRange> held_ranges(const std::vector<IdRange>& ranges,
                                 const std::vector<os::IdExtent>& held) {
  std::vector<IdRange> result;
  for (const IdRange& range : ranges) {
    for (const os::IdExtent& extent : held) {
      const std::uint64_t begin = std::max(range.first, extent.inside);
      const std::uint64_t end = std::min(std::uint64_t{range.first} + range.count,
                                         std::uint64_t{extent.inside} + extent.count);
      if (begin < end)
        result.push_back({.first = static_cast<std::uint32_t>(begin),
                          .count = static_cast<std::uint32_t>(end - begin)});
    }
  }
  return result;
}

std::vector<os::IdExtent> base_extents(id_t own, const std::vector<IdRange>& ranges) {
  std::vector<os::IdExtent> extents = {{.inside = 0, .outside = own, .count = 1}};
  std::uint64_t next = 1;
  for (const IdRange& range : ranges) {
    // Ids inside are 32 bits wide too, and the file may give more than fit.
    const std::uint64_t left = std::numeric_limits<std::uint32_t>::max() - next;
    const std::uint64_t count = std::min<std::uint64_t>(range.count, left);
    if (count == 0) break;
    extents.push_back({.inside = static_cast<std::uint32_t>(next),
                       .outside = range.first,
                       .count = static_cast<std::uint32_t>(count)});
    next += count;
  }
  return extents;
}

std::string describe(const std::vector<IdRange>& ranges) {
  std::vector<std::string> parts;
  for (const IdRange& range : ranges) parts.push_back(strf("%u:%u", range.first, range.count));
  return join(parts, ", ");
}

}  // namespace ambit::sandbox
