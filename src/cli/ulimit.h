#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::cli {

constexpr std::uint64_t kUnlimited = UINT64_MAX;

struct Ulimit {
  std::string name;  // "nofile"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;

  bool operator==(const Ulimit&) const = default;
};

// `--ulimit NAME=SOFT[:HARD]`; "unlimited" and -1 mean no limit. NAME with or without RLIMIT_, in
// any case. InvalidArgument where the name is unknown or the soft limit is above the hard one.
Result<Ulimit> parse_ulimit(std::string_view text);

}  // namespace ambit::cli
