#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/options.h"
#include "cli/client.h"
#include "cli/parser.h"

namespace ambit::cli {

// Where a new container's output is kept, as it was typed.
struct LogFlags {
  std::optional<std::string> driver;
  std::vector<std::string> options;
};

void add_log_flags(Parser& parser, LogFlags& flags);

// InvalidArgument names the flag.
Result<void> set_log_options(const LogFlags& flags, bus::OptionWriter& options);

// Says where the output of the container at `path` is kept instead, where its user can't read the
// journal. Asks for it only where something is wrong with the journal.
void warn_about_log(Client& client, const LogFlags& flags, const std::string& path);

}  // namespace ambit::cli
