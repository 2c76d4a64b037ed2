#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::spec {

enum class RestartKind { No, OnFailure, Always, UnlessStopped };

// When a container that has ended is started again, by ambitd.
struct RestartPolicy {
  RestartKind kind = RestartKind::No;
  std::uint32_t max_retries = 0;  // OnFailure: since the last start by a user; 0: no end

  bool restarts() const noexcept { return kind != RestartKind::No; }
};

// "no", "on-failure", "on-failure:5", "always", "unless-stopped". InvalidArgument shows the text.
Result<RestartPolicy> parse_restart_policy(std::string_view text);
std::string to_string(const RestartPolicy& policy);

}  // namespace ambit::spec
