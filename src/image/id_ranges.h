#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ambit::image {

// The ids that a user namespace maps, as seen from inside.
class IdRanges {
 public:
  // `text` has the form of /proc/PID/uid_map (user_namespaces(7)).
  static Result<IdRanges> parse(std::string_view text);

  bool contains(std::int64_t id) const;

  // "0-65535", for messages.
  std::string describe() const;

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges_;  // first and count
};

struct IdMaps {
  IdRanges uids, gids;
};

// Those of the calling process, from /proc/self.
Result<IdMaps> own_id_maps();

}  // namespace ambit::image
