#include "cli/change.h"

#include <utility>

#include "base/signals.h"
#include "base/strings.h"
#include "cli/create_flags.h"

namespace ambit::cli {
namespace {

Error invalid(std::string_view text, const std::string& why) {
  return Error(ErrorCode::InvalidArgument, "--change '" + std::string(text) + "': " + why);
}

Result<std::vector<std::string>> parse_command(const std::string& value) {
  if (!value.empty() && value[0] == '[') return parse_entrypoint(value);
  return std::vector<std::string>{"/bin/sh", "-c", value};
}

// "KEY=VALUE", "KEY=\"VALUE\"" or "KEY VALUE".
Result<std::pair<std::string, std::string>> parse_pair(std::string_view text,
                                                       const std::string& value) {
  const std::size_t end = value.find_first_of("= ");
  if (end == std::string::npos || end == 0) return invalid(text, "write KEY=VALUE");
  std::string key = value.substr(0, end);
  std::string content(trim(value.substr(end + 1)));
  if (content.size() >= 2 && content.front() == '"' && content.back() == '"')
    content = content.substr(1, content.size() - 2);
  return std::pair(std::move(key), std::move(content));
}

}  // namespace

Result<void> apply_change(std::string_view text, ImageChanges& changes) {
  const std::string_view trimmed = trim(text);
  // docker takes "CMD=..." too.
  const std::size_t end = trimmed.find_first_of(" =");
  const std::string word = to_lower(trimmed.substr(0, end));
  const std::string value(end == std::string_view::npos ? std::string_view()
                                                        : trim(trimmed.substr(end + 1)));
  if (word == "cmd") {
    changes.command = AMBIT_TRY(parse_command(value));
  } else if (word == "entrypoint") {
    changes.entrypoint = AMBIT_TRY(parse_command(value));
  } else if (word == "env") {
    const auto [key, content] = AMBIT_TRY(parse_pair(text, value));
    changes.environment.push_back(key + "=" + content);
  } else if (word == "label") {
    auto [key, content] = AMBIT_TRY(parse_pair(text, value));
    changes.labels[key] = std::move(content);
  } else if (word == "workdir") {
    changes.workdir = value;
  } else if (word == "user") {
    changes.user = value;
  } else if (word == "stopsignal") {
    AMBIT_TRY(parse_signal(value).context("--change '" + std::string(text) + "'"));
    changes.stop_signal = value;
  } else {
    return invalid(text,
                   "the instruction is CMD, ENTRYPOINT, ENV, LABEL, WORKDIR, USER or STOPSIGNAL");
  }
  return {};
}

bus::OptionWriter change_options(const ImageChanges& changes) {
  bus::OptionWriter options;
  if (changes.command) options.set("Command", *changes.command);
  if (changes.entrypoint) options.set("Entrypoint", *changes.entrypoint);
  if (!changes.environment.empty()) options.set("Environment", changes.environment);
  if (changes.workdir) options.set("WorkingDirectory", *changes.workdir);
  if (changes.user) options.set("User", *changes.user);
  if (changes.stop_signal) options.set("StopSignal", *changes.stop_signal);
  if (!changes.labels.empty()) options.set("Labels", changes.labels);
  return options;
}

}  // namespace ambit::cli
