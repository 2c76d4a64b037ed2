#include "cli/environment.h"

#include <fcntl.h>

#include <cstdlib>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

}  // namespace

Result<void> add_environment(std::string_view text, std::vector<std::string>& environment) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0)
    return Error(ErrorCode::InvalidArgument,
                 "'" + std::string(text) + "' is no variable: write KEY=VALUE or KEY");
  if (equals != std::string_view::npos) {
    environment.emplace_back(text);
    return {};
  }
  const std::string key(text);
  if (const char* value = std::getenv(key.c_str())) environment.push_back(key + "=" + value);
  return {};
}

Result<void> add_environment_file(const std::string& path, std::vector<std::string>& environment) {
  const std::string text = AMBIT_TRY(os::read_given_file(path, kMaxFileBytes));
  std::size_t number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    std::string_view line = raw;
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != std::string_view::npos)
      return Error(ErrorCode::InvalidArgument, strf("%s:%zu: a NUL byte", path.c_str(), number));
    AMBIT_TRY(add_environment(line, environment).context(strf("%s:%zu", path.c_str(), number)));
  }
  return {};
}

Result<void> add_label(std::string_view text, std::map<std::string, std::string>& labels) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0)
    return Error(ErrorCode::InvalidArgument,
                 "'" + std::string(text) + "' is no label: write KEY=VALUE or KEY");
  labels[std::string(text.substr(0, equals))] =
      equals == std::string_view::npos ? "" : text.substr(equals + 1);
  return {};
}

}  // namespace ambit::cli
