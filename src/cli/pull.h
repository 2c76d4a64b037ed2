#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/client.h"
#include "cli/parser.h"

namespace ambit::cli {

// The flags of `pull`; `run` and `create` have some of them.
struct PullFlags {
  std::optional<std::string> platform;  // [OS/]ARCHITECTURE[/VARIANT]
  std::optional<std::string> tls_verify;
  std::optional<std::string> credentials;  // USER:PASSWORD
  std::optional<std::string> auth_file;
  std::optional<std::string> retries, retry_delay, idle_timeout;
  std::optional<std::string> foreign_ids;
  bool quiet = false;
};

// Those that say how to speak to a registry.
void add_registry_flags(Parser& parser, PullFlags& flags);

// Fetches an image and shows its progress on standard error: bars on a terminal, else lines, or
// nothing. Returns its ID. SIGINT and SIGTERM cancel it and end this program.
Result<std::string> pull(Client& client, const std::string& reference, const PullFlags& flags);

// When `run` and `create` look at a registry.
enum class PullPolicy { Missing, Always, Newer, Never };

// InvalidArgument names the choices.
Result<PullPolicy> parse_pull_policy(const std::string& text);

}  // namespace ambit::cli
