#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "cli/parser.h"

namespace ambit::cli {

// A container's health check as it was typed: docker's and podman's options.
struct HealthFlags {
  std::optional<std::string> command, interval, timeout, start_period, start_interval, retries,
      on_failure;
  bool none = false;
};

void add_health_flags(Parser& parser, HealthFlags& flags);

// As options of CreateContainer. InvalidArgument names the flag and shows its value.
Result<void> set_health_options(const HealthFlags& flags, bus::OptionWriter& options);

// What --health-cmd means, as docker's Test: a line for the shell; a JSON list is a program with
// its arguments, or a Test; "none" as podman has it.
Result<std::vector<std::string>> parse_health_command(const std::string& text);

}  // namespace ambit::cli
