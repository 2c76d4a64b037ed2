#include "cli/ulimit.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::cli {
namespace {

// Resources of getrlimit(2).
constexpr std::string_view kNames[] = {
    "as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
    "nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};

Result<std::uint64_t> parse_limit(std::string_view text) {
  if (text == "unlimited" || text == "-1") return kUnlimited;
  return parse_uint(text);
}

Error invalid(std::string_view text, const std::string& why) {
  return Error(ErrorCode::InvalidArgument, "--ulimit '" + std::string(text) + "': " + why);
}

}  // namespace

Result<Ulimit> parse_ulimit(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return invalid(text, "write NAME=SOFT or NAME=SOFT:HARD");
  Ulimit limit{.name = to_lower(text.substr(0, equals))};
  if (limit.name.starts_with("rlimit_")) limit.name.erase(0, sizeof "rlimit_" - 1);
  if (std::find(std::begin(kNames), std::end(kNames), limit.name) == std::end(kNames))
    return invalid(text, "there is no limit '" + limit.name + "'");

  const std::string_view values = text.substr(equals + 1);
  const std::size_t colon = values.find(':');
  const auto soft = parse_limit(values.substr(0, colon));
  if (!soft) return invalid(text, soft.error().message());
  const auto hard = colon == std::string_view::npos ? soft : parse_limit(values.substr(colon + 1));
  if (!hard) return invalid(text, hard.error().message());
  if (*soft > *hard) return invalid(text, "the soft limit is above the hard one");
  limit.soft = *soft;
  limit.hard = *hard;
  return limit;
}

}  // namespace ambit::cli
