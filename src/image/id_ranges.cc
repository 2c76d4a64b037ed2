#include "image/id_ranges.h"

#include <fcntl.h>

#include <algorithm>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::image {
namespace {

constexpr std::size_t kMaxMapBytes = 65536;

Result<IdRanges> read_map(const char* path) {
  return IdRanges::parse(AMBIT_TRY(os::read_file_at(AT_FDCWD, path, kMaxMapBytes))).context(path);
}

}  // namespace

Result<IdRanges> IdRanges::parse(std::string_view text) {
  IdRanges ids;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::int64_t> numbers;
    for (const std::string& word : split(line, ' '))
      if (!word.empty()) numbers.push_back(AMBIT_TRY(parse_int(word)));
    if (numbers.empty()) continue;
    if (numbers.size() != 3) return Error(ErrorCode::Corrupt, "not an id map: " + line);
    ids.ranges_.emplace_back(numbers[0], numbers[2]);
  }
  std::sort(ids.ranges_.begin(), ids.ranges_.end());
  return ids;
}

bool IdRanges::contains(std::int64_t id) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [id](const auto& range) {
    return id >= range.first && id - range.first < range.second;
  });
}

std::string IdRanges::describe() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> merged;  // first and last
  for (const auto& [first, count] : ranges_) {
    if (!merged.empty() && merged.back().second + 1 == first)
      merged.back().second += count;
    else
      merged.emplace_back(first, first + count - 1);
  }
  std::vector<std::string> texts;
  for (const auto& [first, last] : merged)
    texts.push_back(std::to_string(first) + "-" + std::to_string(last));
  return texts.empty() ? "none" : join(texts, ", ");
}

Result<IdMaps> own_id_maps() {
  IdMaps maps;
  maps.uids = AMBIT_TRY(read_map("/proc/self/uid_map"));
  maps.gids = AMBIT_TRY(read_map("/proc/self/gid_map"));
  return maps;
}

}  // namespace ambit::image
