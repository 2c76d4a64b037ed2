#include "spec/monitor_settings.h"

#include <algorithm>
#include <csignal>

#include "base/strings.h"

namespace ambit::spec {
namespace {

// An image may be named by a path, and a path may have any byte: a newline in it ends no line.
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n' || c == '\\') escaped += '\\';
    escaped += c == '\n' ? 'n' : c;
  }
  return escaped;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    if (escaped) ++i;
    plain += escaped && text[i] == 'n' ? '\n' : text[i];
  }
  return plain;
}

Error corrupt(std::string_view key, std::string_view value) {
  return Error(ErrorCode::Corrupt, std::string(key) + " is '" + std::string(value) + "'");
}

Error unknown(std::string_view key) {
  return Error(ErrorCode::Corrupt, "unknown key " + std::string(key));
}

Result<void> set_log(MonitorSettings& settings, std::string_view key, std::string_view value) {
  if (key == "log_driver") {
    settings.log_driver = value;
  } else if (key == "log_max_size_bytes") {
    const auto number = parse_uint(value);
    if (!number) return corrupt(key, value);
    settings.log_max_size_bytes = *number;
  } else if (key == "log_max_files") {
    const auto number = parse_uint(value);
    if (!number || *number == 0 || *number > UINT32_MAX) return corrupt(key, value);
    settings.log_max_files = static_cast<std::uint32_t>(*number);
  } else if (key == "log_tag") {
    settings.log_tag = unescape(value);
  } else {
    return unknown(key);
  }
  return {};
}

Result<void> set(MonitorSettings& settings, std::string_view key, std::string_view value) {
  if (key == "id") {
    settings.id = value;
  } else if (key == "name") {
    settings.name = value;
  } else if (key == "image") {
    settings.image = unescape(value);
  } else if (key == "stop_signal") {
    const auto number = parse_uint(value);
    if (!number || *number == 0 || *number >= NSIG) return corrupt(key, value);
    settings.stop_signal = static_cast<int>(*number);
  } else if (key == "stop_timeout_usec") {
    const auto number = parse_uint(value);
    if (!number) return corrupt(key, value);
    settings.stop_timeout_usec = *number;
  } else if (key == "runtime_max_usec") {
    const auto number = parse_uint(value);
    if (!number) return corrupt(key, value);
    settings.runtime_max_usec = *number;
  } else if (key == "oom_group") {
    settings.oom_group = value == "1";
  } else if (key == "transient") {
    settings.transient = value == "1";
  } else if (key == "notify") {
    settings.notify = value == "1";
  } else if (key == "console") {
    settings.console = value == "1";
  } else if (key == "delegate") {
    settings.delegate = value == "1";
  } else if (key == "open_stdin") {
    settings.open_stdin = value == "1";
  } else if (key.starts_with("log_")) {
    return set_log(settings, key, value);
  } else if (key == "transient_dir") {
    settings.transient_dir = unescape(value);
  } else if (key == "unit") {
    settings.unit = value;
  } else if (key == "labels") {
    settings.labels = unescape(value);
  } else {
    return unknown(key);
  }
  return {};
}

}  // namespace

std::string write_monitor_settings(const MonitorSettings& settings) {
  return "id=" + settings.id + "\nname=" + settings.name + "\nimage=" + escape(settings.image) +
         strf(
             "\nstop_signal=%d\nstop_timeout_usec=%llu\nruntime_max_usec=%llu\noom_group=%d\n"
             "transient=%d\nnotify=%d\nconsole=%d\ndelegate=%d\nopen_stdin=%d\n",
             settings.stop_signal, static_cast<unsigned long long>(settings.stop_timeout_usec),
             static_cast<unsigned long long>(settings.runtime_max_usec), settings.oom_group ? 1 : 0,
             settings.transient ? 1 : 0, settings.notify ? 1 : 0, settings.console ? 1 : 0,
             settings.delegate ? 1 : 0, settings.open_stdin ? 1 : 0) +
         strf("log_max_size_bytes=%llu\nlog_max_files=%u\n",
              static_cast<unsigned long long>(settings.log_max_size_bytes),
              static_cast<unsigned>(settings.log_max_files)) +
         "log_tag=" + escape(settings.log_tag) + "\nlog_driver=" + settings.log_driver +
         "\ntransient_dir=" + escape(settings.transient_dir) + "\nunit=" + settings.unit +
         "\nlabels=" + escape(settings.labels) + "\n";
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
