#include "spec/restart_policy.h"

#include "base/strings.h"

namespace ambit::spec {
namespace {

constexpr std::string_view kWithNumber = "on-failure:";

struct Word {
  RestartKind kind;
  const char* text;
};

constexpr Word kWords[] = {{RestartKind::No, "no"},
                           {RestartKind::OnFailure, "on-failure"},
                           {RestartKind::Always, "always"},
                           {RestartKind::UnlessStopped, "unless-stopped"}};

Error unknown(std::string_view text) {
  return Error(ErrorCode::InvalidArgument,
               "restart policy '" + std::string(text) +
                   "': it is no, on-failure[:RETRIES], always or unless-stopped");
}

}  // namespace

Result<RestartPolicy> parse_restart_policy(std::string_view text) {
  for (const Word& word : kWords)
    if (text == word.text) return RestartPolicy{.kind = word.kind};
  if (text.substr(0, kWithNumber.size()) != kWithNumber) return unknown(text);
  const auto number = parse_uint(text.substr(kWithNumber.size()));
  if (!number || *number > UINT32_MAX) return unknown(text);
  return RestartPolicy{.kind = RestartKind::OnFailure,
                       .max_retries = static_cast<std::uint32_t>(*number)};
}

std::string to_string(const RestartPolicy& policy) {
  if (policy.kind == RestartKind::OnFailure && policy.max_retries > 0)
    return strf("%s%u", kWithNumber.data(), policy.max_retries);
  for (const Word& word : kWords)
    if (word.kind == policy.kind) return word.text;
  return "no";
}

}  // namespace ambit::spec
