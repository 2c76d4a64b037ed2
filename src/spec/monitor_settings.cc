#include "spec/monitor_settings.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::spec {
namespace {

Result<void> set(MonitorSettings& settings, std::string_view key, std::string_view value) {
  if (key == "id") {
    settings.id = value;
  } else if (key == "name") {
    settings.name = value;
  } else if (key == "image") {
    settings.image = value;
  } else if (key == "stop_signal") {
    settings.stop_signal = static_cast<int>(AMBIT_TRY(parse_uint(value)));
  } else if (key == "stop_timeout_usec") {
    settings.stop_timeout_usec = AMBIT_TRY(parse_uint(value));
  } else if (key == "transient") {
    settings.transient = value == "1";
  } else if (key == "open_stdin") {
    settings.open_stdin = value == "1";
  } else if (key == "log_driver") {
    settings.log_driver = value;
  } else {
    return Error(ErrorCode::Corrupt, "unknown key " + std::string(key));
  }
  return {};
}

}  // namespace

std::string write_monitor_settings(const MonitorSettings& settings) {
  return "id=" + settings.id + "\nname=" + settings.name + "\nimage=" + settings.image +
         strf("\nstop_signal=%d\nstop_timeout_usec=%llu\ntransient=%d\nopen_stdin=%d\n",
              settings.stop_signal, static_cast<unsigned long long>(settings.stop_timeout_usec),
              settings.transient ? 1 : 0, settings.open_stdin ? 1 : 0) +
         "log_driver=" + settings.log_driver + "\n";
}

Result<MonitorSettings> parse_monitor_settings(std::string_view text) {
  MonitorSettings settings;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      return Error(ErrorCode::Corrupt, "monitor settings: no '=' in " + std::string(line));
    AMBIT_TRY(
        set(settings, line.substr(0, equals), line.substr(equals + 1)).context("monitor settings"));
  }
  return settings;
}

}  // namespace ambit::spec
